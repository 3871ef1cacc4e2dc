"""The rows of proxy.sh: what is compared with what, and the tables. proxy.sh says what each row means."""
import argparse
import base64
import json
import os
import time

import peers
import server
from measure import Load, PgBench, Wrk, by_turns, median, memory, ratio, spread

POINT = "SELECT name FROM item WHERE id = :id"
POINT_PARAMETER = "SELECT name FROM item WHERE id = $1"
# The same in a tenant at random, by those who have to switch by themselves.
SWITCH = ["SET LOCAL search_path = s:tenant", "SET LOCAL ROLE s:tenant"]
SWITCHED = ["BEGIN", *SWITCH, POINT, "COMMIT"]
TOUCH = "SELECT " + ", ".join(f"(SELECT name FROM table_{n} WHERE id = 1)" for n in range(1, 21))


def heading(title, *columns):
    print(f"\n**{title}**\n\n| {' | '.join(columns)} |\n|{'---|' * len(columns)}", flush=True)


def line(*cells):
    print(f"| {' | '.join(map(str, cells))} |", flush=True)


def compare(what, a, b, o):
    """One line of a table of ratios; a and b are (peer, client, work)."""
    for peer, client, work in (a, b):
        work(client)  # first touches are no part of it
    pairs = by_turns(a, b, o.rounds)
    proxy = [median(t.proxy for t in side) for side in zip(*pairs)]
    line(*what, "{:.1f} / {:.1f}".format(*proxy), ratio(pairs, "proxy"), ratio(pairs, "server"),
         ratio(pairs, "tps"), ratio(pairs, "p50"), f"{median(t.others for p in pairs for t in p):.0%}")
    for _, client, _ in (a, b):
        client.close()


RATIOS = ("proxy us/tx", "proxy time", "server time", "tps", "p50", "others")


def select(o):
    """Row 1."""
    heading(f"1. SELECT by key: {o.ours.name} / pgbouncer", "protocol", "clients", "in", *RATIOS)
    for protocol in ("simple", "extended", "prepared"):
        ours, bouncer = o.prepared if protocol == "prepared" else (o.ours, o.bouncer)
        if not bouncer:
            print("\nprepared: not measured, PGBOUNCER_PREPARED names no pgbouncer from 1.21")
            continue
        for clients in o.clients:
            work = lambda client: client.run(o.seconds, clients)
            sides = [(p, PgBench(p, p.databases(1)[0], protocol), work) for p in (ours, bouncer)]
            compare((protocol, clients, "one tenant"), *sides, o)
            if clients == 1:
                continue
            statement = POINT if protocol == "simple" else POINT_PARAMETER
            sides = [(p, Load(p, p.databases(clients), [statement], clients, protocol), work)
                     for p in (ours, bouncer)]
            compare((protocol, clients, "a tenant each"), *sides, o)


def latency(o):
    """Row 2."""
    heading("2. One client, simple SELECT, p50", o.ours.name + ", us", "beside", "us", "longer by, us", "others")
    work = lambda client: client.run(o.seconds / 5, 1)
    for peer in (o.bouncer, peers.direct()):
        sides = [(p, Load(p, p.databases(1), [POINT]), work) for p in (o.ours, peer)]
        pairs = by_turns(*sides, 4 * o.rounds)
        line(f"{median(ours.p50 for ours, _ in pairs):.1f}", peer.name,
             f"{median(other.p50 for _, other in pairs):.1f}",
             spread([ours.p50 - other.p50 for ours, other in pairs], "{:.1f}"),
             f"{median(t.others for p in pairs for t in p):.0%}")
        for _, client, _ in sides:
            client.close()


def at_random(o):
    """Row 3."""
    heading(f"3. A random one of {o.tenants} tenants per transaction: {o.ours.name} / pgbouncer",
            o.ours.name, "pgbouncer", "clients", *RATIOS)
    one_message = "; ".join(SWITCHED)
    shapes = [("SELECT", [POINT], "5 messages", SWITCHED),
              ("BEGIN, SELECT, COMMIT", ["BEGIN", POINT, "COMMIT"], "5 messages", SWITCHED),
              ("SELECT", [POINT], "one message", [one_message])]
    for ours, statements, theirs, switched in shapes:
        for clients in (c for c in o.clients if c > 1):
            # Whoever connects to a tenant has a connection for each; the others take any.
            if o.ours.tenants:
                client = Load(o.ours, o.ours.databases(o.tenants), statements, o.tenants)
                a = (o.ours, client, lambda c: c.run(o.seconds, clients, True))
            else:
                a = (o.ours, Load(o.ours, ["plain"], switched, clients, tenants=o.tenants),
                     lambda c: c.run(o.seconds, clients))
            b = (o.bouncer, Load(o.bouncer, ["plain"], switched, clients, tenants=o.tenants),
                 lambda c: c.run(o.seconds, clients))
            for _ in range(0 if o.quick else 3):
                a[2](a[1]), b[2](b[1])
            compare((ours, theirs, clients), a, b, o)


def idle(o):
    """Row 4."""
    heading(f"4. {o.idle} clients that are logged in", "proxy", "bytes each", "after a SELECT each",
            "MB when they have gone", "login, us")
    for peer in (o.ours, o.bouncer):
        few = Load(peer, peer.databases(8), [POINT], 8)
        few.each()
        before, start = memory(peer.pid), time.monotonic()
        many = Load(peer, peer.databases(min(100, o.tenants)), [POINT], o.idle)
        login = (time.monotonic() - start) / o.idle
        seen = [settled(peer)]
        many.each()
        seen.append(settled(peer))
        many.close()
        time.sleep(1)
        line(peer.name, *(f"{(bytes - before) / o.idle:,.0f}" for bytes in seen),
             f"{settled(peer) / 1e6:.0f}", f"{login * 1e6:,.0f}")
        few.close()


def settled(peer):
    time.sleep(2)
    return memory(peer.pid)


def many_tables(o):
    """Row 5."""
    server.make_tenants("replaced", twenty_tables(), o.tenants)
    server.psql("postgres", "CREATE DATABASE kept TEMPLATE replaced STRATEGY file_copy")
    largest, together, sides = {}, {}, []
    for name, settings in (("replaced", ()), ("kept", o.keep)):
        peer = peers.sidecar(name, settings)
        client = Load(peer, peer.databases(o.tenants), [TOUCH], o.tenants)
        client.each()

        def work(client, name=name):
            done = client.run(o.seconds, 8, True)
            sizes = [memory(pid, "RssAnon") for pid in server.processes_of(name)]
            largest[name] = max([largest.get(name, 0), *sizes])
            together[name] = max(together.get(name, 0), sum(sizes))
            return done
        sides.append((peer, client, work))
    pairs = by_turns(*sides, o.rounds)
    heading(f"5. {o.tenants} tenants of twenty tables", "server connections are",
            "largest process, MB", "all, MB", "tps", "server us/tx", "p99, us")
    for number, name in enumerate(largest):
        turns = [pair[number] for pair in pairs]
        line(name, f"{largest[name] / 1e6:.1f}", f"{together[name] / 1e6:.0f}",
             *(f"{median(getattr(t, field) for t in turns):.0f}" for field in ("tps", "server", "p99")))
    line("ratio", *["{:.2f}".format(a / b) for a, b in (largest.values(), together.values())],
         *(ratio(pairs, field) for field in ("tps", "server", "p99")))
    for _, client, _ in sides:
        client.close()


def twenty_tables():
    return "".join(
        f"CREATE TABLE table_{n} (id bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,"
        " name text NOT NULL, amount numeric(10,2) CHECK (amount >= 0), data jsonb DEFAULT '{}');"
        f"CREATE INDEX ON table_{n} (name); INSERT INTO table_{n} (name) VALUES ('seed');"
        for n in range(1, 21))


def http(o):
    """Row 6."""
    if not o.floor:
        print("\n6. SQL over HTTP: not measured, --floor names no server to compare with")
        return
    server.psql("postgres", "CREATE ROLE bench LOGIN PASSWORD 'bench'; CREATE DATABASE bench OWNER bench")
    server.psql("bench", f"SET ROLE bench; {server.ITEM}")
    floor = peers.floor(o.floor)
    body = json.dumps({"query": POINT_PARAMETER, "params": [7]})
    if o.aa:
        ours, client = peers.floor(o.floor), lambda peer: Wrk(peer.http, o.floor_body, "floor")
    else:
        login = base64.b64encode(f"app:{server.PASSWORD['app']}".encode()).decode()
        ours = o.ours
        client = lambda peer: Wrk(peer.http, body, "t0001.tenants.test", f"Basic {login}")
    heading(f"6. POST /sql: {ours.name} / floor", "connections", *RATIOS)
    for clients in o.clients:
        work = lambda wrk: wrk.run(o.seconds, clients)
        compare((clients,), (ours, client(ours), work),
                (floor, Wrk(floor.http, o.floor_body, "floor"), work), o)


def switching(o):
    """Row 7."""
    heading(f"7. {o.ours.name}: a random one of 64 connections, each in a tenant of its own / all in one",
            "protocol", "under way", *RATIOS)
    for protocol, statement in (("simple", POINT), ("extended", POINT_PARAMETER)):
        for under_way in o.clients:
            work = lambda client: client.run(o.seconds, under_way, True)
            sides = [(o.ours, Load(o.ours, o.ours.databases(n), [statement], 64, protocol), work)
                     for n in (64, 1)]
            compare((protocol, under_way), *sides, o)


ROWS = {"1": select, "2": latency, "3": at_random, "4": idle, "5": many_tables, "6": http, "7": switching}


def options():
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--aa", action="store_true")
    parser.add_argument("--rows", default=",".join(ROWS))
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--seconds", type=int)
    parser.add_argument("--keep", default="postgres.recycle_tenants=1000000", help="settings under which row 5 recycles nothing: KEY=VALUE,...")
    parser.add_argument("--floor", help="row 6: command line of another HTTP server")
    parser.add_argument("--floor-body", default='{"q": "SELECT name FROM item WHERE id = $1", "p": [7]}')
    o = parser.parse_args()
    o.rounds = o.rounds or (2 if o.quick else 7)
    o.seconds = o.seconds or (1 if o.quick else 2)
    o.clients = (1, 8) if o.quick else (1, 8, 64)
    o.tenants = 100 if o.quick else 1000
    o.idle = 500 if o.quick else 9000
    o.keep = [tuple(pair.split("=", 1)) for pair in o.keep.split(",") if pair]
    return o


def main():
    o = options()
    server.make_logins()
    server.make_plain(o.tenants)
    o.bouncer = peers.pgbouncer(os.environ["PGBOUNCER"])
    newer = os.environ.get("PGBOUNCER_PREPARED")
    if not o.aa:
        server.make_tenants("fleet", server.ITEM, o.tenants)
    o.ours = peers.pgbouncer(os.environ["PGBOUNCER"], "second") if o.aa else peers.sidecar("fleet")
    # Who is measured with prepared statements in transaction pooling.
    o.prepared = (None, None)
    if newer:
        second = peers.pgbouncer(newer, "second-newer") if o.aa else o.ours
        o.prepared = (second, peers.pgbouncer(newer, "newer"))
    print(f"{o.rounds} turns of {o.seconds} s; {os.cpu_count()} cores; {o.bouncer.name}"
          + (f", with prepared statements {o.prepared[1].name.split()[-1]}" if newer else ""))
    for row in o.rows.split(","):
        ROWS[row](o)


main()
