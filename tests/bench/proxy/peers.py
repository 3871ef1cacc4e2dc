"""The proxies that are measured, each with eight server connections over TCP, logins by SCRAM and no
TLS. Starts and ends their processes; knows their configuration, and nothing of what is measured."""
import os
import pwd
import re
import subprocess
import time

import server

POOL = 8
PORT = os.environ["PGPORT"]


class Peer:
    """Where clients connect, and the process whose time counts."""

    def __init__(self, name, port, pid=None, tenants=False, http=None):
        self.name, self.port, self.pid, self.tenants, self.http = name, port, pid, tenants, http

    def environment(self):
        return dict(os.environ, PGHOST="127.0.0.1", PGPORT=str(self.port), PGUSER="app",
                    PGPASSWORD=server.PASSWORD["app"], PGSSLMODE="disable")

    def databases(self, count):
        """Names under which clients connect: of so many tenants where there are such."""
        return [f"t{n:04d}" for n in range(1, count + 1)] if self.tenants else ["plain"]


def direct():
    return Peer("none", PORT)


def _start(command, log, **options):
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=open(log, "w"), **options)
    # Ends with the cluster, whatever happens to us.
    open(f"{os.environ['CLUSTER_DIR']}/owned/{process.pid}", "w").close()
    return process


def _free_port():
    return subprocess.run(["bash", "-c", "source scripts/env.sh; free_port"], check=True, text=True,
                          cwd=os.path.dirname(__file__) + "/../../..", stdout=subprocess.PIPE).stdout.strip()


def pgbouncer(program, name="pgbouncer"):
    """pgbouncer in transaction pooling; refuses root, as the server does."""
    folder, port = os.environ["WORK"], _free_port()
    version = subprocess.run([program, "--version"], check=True, text=True, stdout=subprocess.PIPE).stdout
    major, minor = map(int, re.search(r"(\d+)\.(\d+)", version).groups())
    prepared = "max_prepared_statements = 200" if (major, minor) >= (1, 21) else ""
    with open(f"{folder}/{name}.users", "w") as file:
        file.write(f'"app" "{server.PASSWORD["app"]}"\n')
    with open(f"{folder}/{name}.ini", "w") as file:
        file.write(f"""[databases]
plain = host=127.0.0.1 port={PORT} dbname=plain
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = scram-sha-256
auth_file = {folder}/{name}.users
pool_mode = transaction
default_pool_size = {POOL}
max_client_conn = 15000
log_connections = 0
log_disconnections = 0
log_stats = 0
server_idle_timeout = 3600
ignore_startup_parameters = extra_float_digits
{prepared}
""")
    unprivileged = {}
    if os.getuid() == 0:
        account = pwd.getpwnam("postgres")
        unprivileged = dict(user=account.pw_uid, group=account.pw_gid, extra_groups=[])
    process = _start([program, "-q", f"{folder}/{name}.ini"], f"{folder}/{name}.log", **unprivileged)
    for _ in range(100):
        if os.path.exists(f"/proc/{process.pid}") and _answers(port):
            return Peer(f"{name} {major}.{minor}", port, process.pid)
        time.sleep(0.05)
    raise RuntimeError(f"{name} does not listen: " + open(f"{folder}/{name}.log").read())


def sidecar(database, settings=()):
    """tenancy serve in front of this database, with one thread for its PostgreSQL face. Settings are
    pairs of key and value."""
    folder, name = os.environ["WORK"], f"tenancy-{database}"
    login = "postgresql://{0}:{1}@127.0.0.1:{2}/{3}".format
    with open(f"{folder}/{name}.toml", "w") as file:
        file.write(f"""base_domains = ["tenants.test"]
[listen]
http = "127.0.0.1:0"
postgres = "127.0.0.1:0"
admin = "127.0.0.1:0"
[postgres]
pool_size = {POOL}
threads = 1
[data]
dsn = "{login("gateway", server.PASSWORD["gateway"], PORT, database)}"
[registry]
dsn = "{login("resolver", server.PASSWORD["resolver"], PORT, database)}"
[log]
level = "warn"
""")
    flags = [word for key, value in settings for word in ("--set", f"{key}={value}")]
    process = _start([os.environ["TENANCY"], "serve", "--config", f"{folder}/{name}.toml", *flags],
                     f"{folder}/{name}.log", stdout=subprocess.PIPE, text=True)
    listening = dict(re.findall(r"(\w+)=(\S+)", process.stdout.readline()))
    if "postgres" not in listening:
        raise RuntimeError("the sidecar does not listen: " + open(f"{folder}/{name}.log").read())
    port = listening["postgres"].rsplit(":")[-1]
    return Peer("tenancy", port, process.pid, tenants=True, http=listening["http"])


def floor(command):
    """An HTTP server of somebody else's, by its command line: {listen}, {host} and {port} are put in."""
    port = _free_port()
    words = [word.format(listen=f"127.0.0.1:{port}", host="127.0.0.1", port=PORT) for word in command.split()]
    process = _start(words, f"{os.environ['WORK']}/floor.log")
    for _ in range(100):
        if _answers(port):
            return Peer("floor", port, process.pid, http=f"127.0.0.1:{port}")
        time.sleep(0.05)
    raise RuntimeError("the floor does not listen: " + open(f"{os.environ['WORK']}/floor.log").read())


def _answers(port):
    return subprocess.run(["bash", "-c", f"exec 3<>/dev/tcp/127.0.0.1/{port}"],
                          stderr=subprocess.DEVNULL).returncode == 0
