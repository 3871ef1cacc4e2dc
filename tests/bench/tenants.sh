#!/usr/bin/env bash
# What a tenant costs, with few tenants in the database and with many: making one from a template of
# twenty tables, on the spot and out of the store, against the template's pg_dump script as one simple
# query; its fingerprint and verification; drift() over the whole fleet. Milliseconds, as the server
# counts them for each message: what passed, and below it what the processor spent, which a busy machine
# changes less. Medians of fifteen by turns in one session, and ratios within one run. The server waits for the disk as usual.
# The claims: making one takes no longer than the script, out of the store under 3 ms, and nothing
# grows with the number of tenants but drift(), which stays under a second for 2,000.
#
# usage: tenants.sh [TENANTS[+EMPTY]]...     needs a release build (build.sh --release)
#   TENANTS  of the template; EMPTY  further ones without any table; default 10 100 2000 2000+8000
set -euo pipefail
HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=scripts/env.sh
source "$HERE/../../scripts/env.sh"
# shellcheck source=tests/bench/twenty_tables.sh
source "$HERE/twenty_tables.sh"

[ $# -gt 0 ] || set -- 10 100 2000 2000+8000
BUILD=${TENANCY_BUILD:-$TARGET/extension-release}
TURNS=15
BATCH=20
WORK=$(mktemp -d)
chmod 755 "$WORK"
trap '"$ROOT/scripts/cluster.sh" stop "$WORK/cluster" >/dev/null 2>&1 || true; rm -rf "$WORK"' EXIT

# more PREFIX TENANTS TEMPLATE: as many tenants of that name as that.
more() {
  local from
  for ((from = $(sql -c "SELECT count(*) + 1 FROM tenancy.tenants WHERE name ~ '^$1'"); from <= $2; from += BATCH)); do
    sql -c "SET tenancy.spares = 0; SELECT tenancy.create('$1' || n, $3) FROM generate_series($from, least($from + $BATCH - 1, $2)) n" >/dev/null
  done
  sql -c "VACUUM ANALYZE"
}

# The template's dump as one simple query that makes schema $1: psql sends what \; separates at once.
script() {
  "$PGBIN/pg_dump" -n shop --inserts --no-owner --no-privileges bench |
    grep -vE '^(--|[\]|SET |SELECT pg_catalog.set_config|$)' | sed "s/shop/$1/g; s/;\$/ \\\\;/; \$ s/\\\\;/;/"
}

# What is measured, by turns. A line of the session's output per statement: its time.
session() {
  local turn
  echo "SELECT tenancy.make_spare('bench') FROM generate_series(1, $((2 * TURNS)) - (SELECT count(*) FROM tenancy.spare WHERE NOT stale));"
  echo "SET tenancy.spares = 0; SET client_min_messages = log; SET log_statement_stats = on;"
  for ((turn = 1; turn <= TURNS; turn++)); do
    echo "\\echo create"
    echo "SELECT tenancy.create('new$turn', 'bench');"
    echo "\\echo script"
    script "peer$turn"
    echo "\\echo fingerprint"
    echo "SELECT tenancy.fingerprint((SELECT schema FROM tenancy.tenants WHERE name = 'new$turn'));"
    echo "\\echo verify"
    echo "SELECT * FROM tenancy.verify('new$turn') WHERE NOT ok;"
  done
  echo "RESET tenancy.spares;"
  for ((turn = 1; turn <= TURNS; turn++)); do
    echo "\\echo spare"
    echo "SELECT tenancy.create('spare$turn', 'bench');"
  done
  for ((turn = 1; turn <= TURNS; turn++)); do
    echo "\\echo drift"
    echo "SELECT count(*) FROM tenancy.drift();"
  done
}

# The session's statements leave no tenant behind.
tidy() {
  {
    echo "SELECT unnest(ARRAY[format('SELECT tenancy.drop(%L)', name), format('CALL tenancy.purge(%L, force => true)', name)]) FROM tenancy.tenants WHERE name ~ '^(new|spare)' \\gexec"
    echo "SELECT format('DROP SCHEMA %I CASCADE', nspname) FROM pg_namespace WHERE nspname ~ '^peer' \\gexec"
  } | sql -c 'SET client_min_messages = error' -f - >/dev/null
}

# median WHAT PLACES: of the sums of these words in the line after WHAT.
median() {
  awk -v what="$1" -v places="$2" '
    $1 == what { getline; n = split(places, at, ","); ms = 0; for (i = 1; i <= n; i++) ms += $at[i] * 1000; print ms }' \
    "$WORK/times" | sort -n | sed -n "$((TURNS / 2 + 1))p"
}

# A line looks like: ! 0.001531 s user, 0.000362 s system, 0.001893 s elapsed
report() {
  line "$1" elapsed 8
  line "$1" processor 2,5
}

line() {
  local what
  printf '%10s %10s' "$1" "$2"
  for what in create script spare fingerprint verify drift; do
    printf ' %11.1f' "$(median $what "$3")"
  done
  printf ' %13s\n' "$(ratio "$(median create "$3")" "$(median script "$3")")"
}

"$ROOT/scripts/cluster.sh" start "$WORK/cluster" --extension "$BUILD" -c jit=off -c fsync=on \
  -c synchronous_commit=on -c full_page_writes=on -c autovacuum=off -c max_locks_per_transaction=512 \
  -c shared_buffers=512MB -c max_wal_size=8GB -c tenancy.spares=$((2 * TURNS)) >/dev/null
# shellcheck disable=SC1091
set -a && source "$WORK/cluster/env" && set +a
make_template "$(template) $(seed)"
printf '%10s %10s %11s %11s %11s %11s %11s %11s %13s\n' tenants ms create script spare fingerprint verify drift create:script
for count in "$@"; do
  more tenant "${count%+*}" "'bench'"
  [ "${count#*+}" = "$count" ] || more empty "${count#*+}" NULL
  session | "$PGBIN/psql" -X -q -A -t -v ON_ERROR_STOP=1 -d bench 2>&1 | grep -E '^(create|script|spare|fingerprint|verify|drift)$|elapsed' >"$WORK/times"
  report "$count"
  tidy
done
