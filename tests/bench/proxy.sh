#!/usr/bin/env bash
# What the PostgreSQL face of the sidecar costs beside pgbouncer: both in one run, on one server, with
# as many server connections, by turns (A B B A), so that what else the machine does meets both. The
# figures are ratios: the median of the turns, the lowest and the highest in brackets; brackets that
# reach across 1.00 show no difference. A pair of turns in which others took more than 15 % of the machine
# is repeated, twice at most. What decides is the processor time of the proxy per
# transaction. The clients of the sidecar are in tenants; those of pgbouncer read a table of the same
# rows in a database without the extension, and nobody switches anything for them (but in row 3).
# The claims: no ratio of processor time above 1.00 in row 1; row 3 below 0.50.
#
#   1  SELECT by primary key: simple, extended and prepared; 1, 8 and 64 clients; all clients in one
#      tenant (pgbench), and each in another (load.c)
#   2  how much longer a single client waits for its answer, against pgbouncer and without a proxy
#   3  a tenant at random for each transaction: clients of the sidecar are connected to a tenant each;
#      those of pgbouncer set search_path and role in each transaction
#   4  memory of the proxy for each of 9,000 clients that are logged in and idle
#   5  memory of the server's processes when 1,000 tenants of twenty tables have been used, and what
#      it costs to keep it small
#   6  SQL over HTTP, against an HTTP server that does the least one can do (wrk)
#   7  the sidecar against itself: connections that lead to 64 tenants, against as many to one. A
#      connection to the server stays in the tenant that it served last, so the clients of row 1 that
#      are as many as those connections seldom make it switch; here transactions take any of 64
#
# usage: proxy.sh [--quick] [--rows 1,2] [--rounds N] [--seconds N] [--aa] [--keep KEY=VALUE] [--floor COMMAND]
#   --quick    small numbers, to see that it works
#   --aa       a second pgbouncer in the sidecar's place (a second floor): all ratios have to come out
#              as about 1.00
#   --keep     row 5: settings of the sidecar with which it keeps server connections for good (it has one)
#   --floor    row 6: how to start that server, as "./floor {listen} {host} {port}"; it takes POST /sql
#              with a body of its own (--floor-body) and logs in as bench, password bench, database bench
# needs a release build (build.sh --release), gcc, libpq's headers, python3, wrk and pgbouncer, whose
# programs PGBOUNCER and PGBOUNCER_PREPARED name; below 1.21 it knows no prepared statements in
# transaction pooling, so the second is to be a newer one, built from its sources beside this checkout.
set -euo pipefail
HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=scripts/env.sh
source "$HERE/../../scripts/env.sh"

BUILD=${TENANCY_BUILD:-$TARGET/extension-release}
export TENANCY=${TENANCY:-$TARGET/release/tenancy}
export PGBOUNCER=${PGBOUNCER:-/usr/sbin/pgbouncer}
WORK=$(mktemp -d)
chmod 755 "$WORK"
trap '"$ROOT/scripts/cluster.sh" stop "$WORK/cluster" >/dev/null 2>&1 || true; rm -rf "$WORK"' EXIT

[ -x "$PGBOUNCER" ] || fail "pgbouncer is missing: apt-get install pgbouncer, or set PGBOUNCER"
require_pg
gcc -O2 -Wall -o "$WORK/load" "$HERE/proxy/load.c" -I"$("$PG_CONFIG" --includedir)" -L"$("$PG_CONFIG" --libdir)" -lpq
# Thousands of clients: on both ends each takes a file descriptor.
ulimit -n "$(ulimit -Hn)"
"$ROOT/scripts/cluster.sh" start "$WORK/cluster" --extension "$BUILD" -c jit=off -c autovacuum=off \
  -c max_locks_per_transaction=512 -c shared_buffers=512MB -c max_wal_size=8GB >/dev/null
# shellcheck disable=SC1091
set -a && source "$WORK/cluster/env" && set +a
WORK=$WORK python3 -B "$HERE/proxy/rows.py" "$@"
