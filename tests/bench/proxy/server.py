"""The server that is measured against: its databases, logins and processes. Knows no proxy.

Database `fleet` has the extension and tenants t0001, t0002, ... with a table `item` of 1000 rows.
Database `plain` has the same table for those who know of no tenants, and schemas s0001, ... with the
same table and a role of the same name, for those who switch by themselves. Login `app` may use all."""
import os
import secrets
import subprocess

PASSWORD = {login: secrets.token_hex(12) for login in ("app", "gateway", "resolver")}
ITEM = """CREATE TABLE item (id int PRIMARY KEY, name text);
INSERT INTO item SELECT n, md5(n::text) FROM generate_series(1, 1000) n;"""
BATCH = 20


def psql(database, sql):
    """SQL as the superuser; what it printed."""
    command = [os.environ["PGBIN"] + "/psql", "-XqAt", "-v", "ON_ERROR_STOP=1", "-d", database]
    return subprocess.run(command, input=sql, text=True, check=True, stdout=subprocess.PIPE).stdout


def make_logins():
    psql("postgres", f"""CREATE ROLE app LOGIN PASSWORD '{PASSWORD["app"]}';
        CREATE ROLE gateway LOGIN PASSWORD '{PASSWORD["gateway"]}';
        CREATE ROLE resolver LOGIN PASSWORD '{PASSWORD["resolver"]}';""")


def make_tenants(database, template, count):
    """A database with tenants t0001, ... made from this script."""
    psql("postgres", f"CREATE DATABASE {database}")
    psql(database, f"""SET client_min_messages = error; CREATE EXTENSION tenancy;
        GRANT tenancy_gateway TO gateway; GRANT tenancy_resolver TO resolver;
        SELECT tenancy.register_template('bench', $template${template}$template$);
        SELECT tenancy.grant_login('app', '*');""")
    for start in range(1, count + 1, BATCH):
        last = min(start + BATCH - 1, count)
        psql(database, f"""SELECT tenancy.create('t' || to_char(n, 'FM0000'), 'bench')
            FROM generate_series({start}, {last}) n;""")
    psql(database, "VACUUM ANALYZE")


def make_plain(count):
    psql("postgres", "CREATE DATABASE plain")
    psql("plain", f"{ITEM} GRANT SELECT ON item TO app;")
    for start in range(1, count + 1, BATCH):
        psql("plain", "".join(
            f"CREATE ROLE {name}; GRANT {name} TO app; CREATE SCHEMA {name} AUTHORIZATION {name};"
            f"SET ROLE {name}; SET search_path = {name}; {ITEM} RESET ROLE; RESET search_path;"
            for name in map("s{:04d}".format, range(start, min(start + BATCH, count + 1)))))
    psql("plain", "VACUUM ANALYZE")


def processes():
    """Ids of the postmaster and its children."""
    with open(os.environ["CLUSTER_DIR"] + "/data/postmaster.pid") as file:
        postmaster = int(file.readline())
    with open(f"/proc/{postmaster}/task/{postmaster}/children") as file:
        return [postmaster] + [int(pid) for pid in file.read().split()]


def processes_of(database):
    """Ids of the processes that serve a sidecar's connections to this database. They run under the
    names of tenants' roles, so their login does not tell."""
    return map(int, psql("postgres", f"""SELECT pid FROM pg_stat_activity
        WHERE datname = '{database}' AND application_name = 'tenancy'""").split())
