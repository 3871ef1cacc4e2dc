"""What processes spend, clients that make them spend it, and two of them by turns. Knows /proc, load.c
and pgbench; knows nothing of what is compared."""
import glob
import os
import re
import resource
import statistics
import subprocess
import tempfile
import time
from dataclasses import dataclass

import server

CORES = os.cpu_count()
TICK = os.sysconf("SC_CLK_TCK")


def spent(pid):
    """Processor time of a process so far in seconds, over its live threads."""
    total = 0
    for path in glob.glob(f"/proc/{pid}/task/*/schedstat"):
        try:
            with open(path) as file:
                total += int(file.read().split()[0])
        except (FileNotFoundError, ProcessLookupError):
            pass
    return total / 1e9


def memory(pid, kind="VmRSS"):
    """A line of a process's status in bytes; 0 when it is gone."""
    try:
        with open(f"/proc/{pid}/status") as file:
            return int(re.search(kind + r":\s+(\d+)", file.read()).group(1)) * 1024
    except (FileNotFoundError, ProcessLookupError, AttributeError):
        return 0


def machine_busy():
    with open("/proc/stat") as file:
        user, nice, system, _, _, irq, softirq, steal = map(int, file.readline().split()[1:9])
    return (user + nice + system + irq + softirq + steal) / TICK


def children_spent():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


class Load:
    """load.c with its connections open."""

    def __init__(self, peer, databases, statements, connections=1, protocol="simple", tenants=1000):
        flags = {"simple": [], "extended": ["-e"], "prepared": ["-p"]}[protocol]
        command = [os.environ["WORK"] + "/load", *flags, "-n", str(connections), "-t", str(tenants),
                   ",".join(databases), *statements]
        self.process = subprocess.Popen(command, env=peer.environment(), text=True,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        if self.process.stdout.readline() != "ready\n":
            raise RuntimeError(f"no client of {peer.name} got in")

    def tell(self, command):
        self.process.stdin.write(command + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline().split()
        if len(answer) != 4:
            raise RuntimeError("the client ended, see above")
        return int(answer[0]), *map(float, answer[1:])

    def run(self, seconds, under_way, any_connection=False):
        return self.tell(f"run {seconds} {under_way}{' any' if any_connection else ''}")

    def each(self):
        return self.tell("each")

    def spent(self):
        return spent(self.process.pid)

    def close(self):
        self.process.stdin.close()
        self.process.wait()


class PgBench:
    """pgbench, which logs in anew for each run."""

    SCRIPT = "\\set id random(1, 1000)\nSELECT name FROM item WHERE id = :id;\n"

    def __init__(self, peer, database, protocol):
        self.peer, self.database, self.protocol = peer, database, protocol

    def run(self, seconds, clients):
        with tempfile.TemporaryDirectory() as folder:
            script = os.path.join(folder, "script.sql")
            with open(script, "w") as file:
                file.write(self.SCRIPT)
            command = [os.environ["PGBIN"] + "/pgbench", "-n", "-M", self.protocol, "-f", script,
                       "-c", str(clients), "-j", str(min(2, clients)), "-T", str(seconds),
                       "-l", "--sampling-rate=0.25", "--log-prefix", folder + "/log"]
            environment = dict(self.peer.environment(), PGDATABASE=self.database)
            done = subprocess.run(command, env=environment, text=True, capture_output=True)
            if done.returncode:
                raise RuntimeError(f"pgbench at {self.peer.name}: {done.stderr.strip()}")
            latencies = sorted(int(line.split()[2]) for path in glob.glob(folder + "/log*")
                               for line in open(path))
        count = int(re.search(r"actually processed: (\d+)", done.stdout).group(1))
        tps = float(re.search(r"tps = ([\d.]+)", done.stdout).group(1))
        middle, late = (latencies[len(latencies) * q // 100] for q in (50, 99))
        return count, count / tps, middle, late

    def spent(self):
        return 0.0

    def close(self):
        pass


class Wrk:
    """wrk, which posts the same body again and again."""

    SCRIPT = """wrk.method, wrk.body = "POST", os.getenv("BODY")
wrk.headers["Content-Type"], wrk.headers["Host"] = "application/json", os.getenv("HOST")
wrk.headers["Authorization"] = os.getenv("AUTHORIZATION")
function done(all, latency)
  local e = all.errors
  io.write("DONE ", all.requests, " ", all.duration / 1e6, " ", latency:percentile(50), " ",
    latency:percentile(99), " ", e.connect + e.read + e.write + e.status + e.timeout, "\\n")
end"""

    def __init__(self, address, body, host, authorization=""):
        self.url = f"http://{address}/sql"
        self.environment = dict(os.environ, BODY=body, HOST=host, AUTHORIZATION=authorization)
        self.script = os.environ["WORK"] + "/post.lua"
        with open(self.script, "w") as file:
            file.write(self.SCRIPT)

    def run(self, seconds, connections):
        command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "-s", self.script, self.url]
        done = subprocess.run(command, env=self.environment, text=True, check=True, stdout=subprocess.PIPE)
        count, passed, middle, late, errors = map(float, done.stdout.split("DONE ")[1].split())
        if errors or not count:
            raise RuntimeError(f"{self.url}: {errors:.0f} errors in {count:.0f} requests")
        return int(count), passed, middle, late

    def spent(self):
        return 0.0

    def close(self):
        pass


@dataclass
class Turn:
    """Of one run: microseconds of processor time per transaction, throughput, latency in
    microseconds, and what share of the machine others took meanwhile."""
    proxy: float
    server: float
    tps: float
    p50: float
    p99: float
    others: float


def turn(peer, client, work):
    def look():
        return (spent(peer.pid) if peer.pid else 0.0, sum(map(spent, server.processes())),
                client.spent() + children_spent(), machine_busy())
    before = look()
    start = time.monotonic()
    count, seconds, p50, p99 = work(client)
    passed = time.monotonic() - start
    proxy, serving, asking, busy = (b - a for a, b in zip(before, look()))
    others = max(0.0, busy - proxy - serving - asking) / (passed * CORES)
    return Turn(proxy * 1e6 / count, serving * 1e6 / count, count / seconds, p50, p99, others)


def by_turns(a, b, rounds, quiet=0.15, patience=3):
    """Runs (peer, client, work) a and b by turns: A B B A A B ...; pairs of turns. Where others took
    more than a quiet share of the machine, the pair is run again, and the quietest counts."""
    def pair(number):
        if number % 2:
            second = turn(*b)
            return turn(*a), second
        return turn(*a), turn(*b)

    def others(both):
        return max(t.others for t in both)

    pairs = []
    for number in range(rounds):
        tries = [pair(number)]
        while others(tries[-1]) > quiet and len(tries) < patience:
            tries.append(pair(number))
        pairs.append(min(tries, key=others))
    return pairs


def median(values):
    return statistics.median(values)


def spread(values, form="{:.2f}"):
    """The median with the lowest and the highest."""
    return (f"{form} ({form}-{form})").format(median(values), min(values), max(values))


def ratio(pairs, field):
    return spread([getattr(a, field) / getattr(b, field) for a, b in pairs])
