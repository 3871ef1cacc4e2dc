#!/usr/bin/env bash
# What the context and the hooks cost inside the server, counted in instructions and not in time:
# the same binary on the same input gives the same count on the busiest machine.
#
# Each workload is a list of statements for `postgres --single` under callgrind, once short and
# once long; the difference, divided by the repetitions between them, is the cost of one
# repetition, start-up and first touches left out. Ratios are against the peer on the line.
#
# The hooks' share is what a statement costs more than on a server that has not loaded the library:
# outside of a tenant as the superuser, and inside as the superuser or as a plain role in a schema of
# its own, for PostgreSQL checks the privileges of a tenant's role too. At the end the same as time: ratios of medians, in one run.
#
# usage: instructions.sh [REPETITIONS]     needs a release build (build.sh --release) and valgrind
set -euo pipefail
HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=scripts/env.sh
source "$HERE/../../scripts/env.sh"

REPETITIONS=${1:-400}
WARM=100
SEAL=0123456789abcdef0123456789abcdef
WORK=$(mktemp -d)
chmod 755 "$WORK"
trap '"$ROOT/scripts/cluster.sh" stop "$WORK/cluster" >/dev/null 2>&1 || true; rm -rf "$WORK"' EXIT

command -v valgrind >/dev/null || fail "valgrind is missing: apt-get install valgrind"

prepare() {
  "$ROOT/scripts/cluster.sh" start "$WORK/cluster" --extension "$TARGET/extension-release" \
    -c jit=off -c autovacuum=off >/dev/null
  # shellcheck disable=SC1091
  set -a && source "$WORK/cluster/env" && set +a
  "$PGBIN/psql" -X -q -v ON_ERROR_STOP=1 >/dev/null <<'SQL'
CREATE DATABASE bare;
CREATE EXTENSION tenancy;
GRANT tenancy_gateway TO postgres;
SELECT tenancy.register_template('bench', 'CREATE TABLE item (id int PRIMARY KEY, name text);
  INSERT INTO item SELECT i, ''item '' || i FROM generate_series(1, 1000) i');
SELECT tenancy.create('one', 'bench', schema => 'one'), tenancy.create('two', 'bench', schema => 'two');
SELECT format('CREATE ROLE peer_%s; GRANT peer_%s TO postgres', n, n) FROM (VALUES ('one'), ('two')) v (n) \gexec
CREATE TABLE public.item AS SELECT * FROM one.item;
ALTER TABLE public.item ADD PRIMARY KEY (id);
VACUUM ANALYZE;
\connect bare
CREATE TABLE public.item AS SELECT i AS id, 'item ' || i AS name FROM generate_series(1, 1000) i;
ALTER TABLE public.item ADD PRIMARY KEY (id);
CREATE ROLE peer;
CREATE SCHEMA peer AUTHORIZATION peer;
CREATE TABLE peer.item AS SELECT * FROM public.item;
ALTER TABLE peer.item ADD PRIMARY KEY (id);
ALTER TABLE peer.item OWNER TO peer;
VACUUM ANALYZE;
SQL
  "$ROOT/scripts/cluster.sh" halt "$WORK/cluster"
}

# count PRELOAD STATEMENTS-FILE: instructions of one single-user run, in DATABASE
DATABASE=postgres
count() {
  as_server valgrind --tool=callgrind --callgrind-out-file=/dev/null "$PGBIN/postgres" --single \
    -c shared_preload_libraries="$1" -c jit=off -D "$WORK/cluster/data" "$DATABASE" \
    <"$2" 2>&1 >"$WORK/out" | tee "$WORK/log" | sed -n 's/.*Collected : \([0-9]*\).*/\1/p'
  if grep -q ERROR "$WORK/log"; then grep -m1 ERROR "$WORK/log" >&2; exit 1; fi
}

# cost PRELOAD SETUP REPEATED: instructions of one repetition (two statements)
cost() {
  local short long i
  { echo "$2"; for ((i = 0; i < WARM; i++)); do echo "$3"; done; } | grep . >"$WORK/short" || true
  { cat "$WORK/short"; for ((i = 0; i < REPETITIONS; i++)); do echo "$3"; done; } >"$WORK/long"
  short=$(count "$1" "$WORK/short")
  long=$(count "$1" "$WORK/long")
  echo $(((long - short) / REPETITIONS))
}

row() { printf '| %s | %s | %s | %.2f |\n' "$1" "$2" "$3" "$(awk "BEGIN { print $2 / $3 }")"; }

set_config() { echo "SELECT set_config('search_path', '$1, public, pg_temp', false), set_config('role', 'peer_$1', false)"; }
switch() { echo "SELECT tenancy.switch('$SEAL', '$1')"; }
enter() { echo "SELECT tenancy.enter('$1', seal => '$SEAL')"; }
SWITCH="SELECT tenancy.seal('$SEAL')"
POINT='SELECT name FROM item WHERE id = 7'

prepare
echo "| per call | tenancy | peer | ratio |"
echo "|---|---|---|---|"
set_two=$(cost '' '' $'SET search_path = one, public, pg_temp\nSET ROLE peer_one\nSET search_path = two, public, pg_temp\nSET ROLE peer_two')
config_two=$(cost '' '' "$(set_config one)"$'\n'"$(set_config two)")
switch_two=$(cost tenancy "$SWITCH" "$(switch one)"$'\n'"$(switch two)")
enter_two=$(cost tenancy "$(enter one)" "$(enter two)"$'\n'"$(enter one)")
call_two=$(cost tenancy '' $'SELECT tenancy.version()\nSELECT tenancy.version()')
row 'switch(), alternating tenants / SET search_path, then SET ROLE' $((switch_two / 2)) $((set_two / 2))
row 'switch(), alternating tenants / SELECT set_config() of both' $((switch_two / 2)) $((config_two / 2))
row 'enter(seal =>), alternating tenants / SET search_path, then SET ROLE' $((enter_two / 2)) $((set_two / 2))
row 'the same switch() without parsing and planning its SELECT / SET search_path, then SET ROLE' \
  $(((switch_two - call_two) / 2)) $((set_two / 2))

INSIDE="$SWITCH"$'\n'"$(switch one)"
PEER=$'SET ROLE peer\nSET search_path = peer, public, pg_temp'
OWNER="SELECT tenancy.enter('one', \"as\" => 'owner')"

# share NAME SETUP STATEMENTS [WAY-IN]: the hooks' share outside and inside
share() {
  local none plain outside inside
  none=$(DATABASE=bare cost '' "$2" "$3")
  plain=$(DATABASE=bare cost '' "$PEER"$'\n'"$2" "$3")
  outside=$(DATABASE=bare cost tenancy "$2" "$3")
  inside=$(cost tenancy "${4:-$INSIDE}"$'\n'"$2" "$3")
  row "$1, library loaded, no context / not loaded" "$outside" "$none"
  row "$1, in a tenant / not loaded" "$inside" "$none"
  row "$1, in a tenant / as a plain role, not loaded" "$inside" "$plain"
}

share 'SELECT 1' '' 'SELECT 1'
share 'primary-key SELECT' '' "$POINT"
share 'primary-key SELECT, prepared' \
  "PREPARE point (int) AS SELECT name FROM item WHERE id = \$1"$'\n''SET plan_cache_mode = force_generic_plan' \
  'EXECUTE point (7)'
share 'ALTER TABLE, SET STATISTICS' '' 'ALTER TABLE item ALTER name SET STATISTICS 100' "$OWNER"
share 'CREATE TABLE and DROP TABLE' '' $'CREATE TABLE t (id int)\nDROP TABLE t' "$OWNER"
select_one=$(cost tenancy "$INSIDE" 'SELECT 1')
row 'switch() between two warm tenants / SELECT 1' $((switch_two / 2)) "$select_one"
row 'the same without parsing and planning its SELECT / SELECT 1' $(((switch_two - call_two) / 2)) "$select_one"

# Time, with a client over a socket: medians of pgbench, rounds of both sides taking turns.
latency() {
  "$PGBIN/pgbench" -n -M "$1" -T 3 -f "$WORK/$2.sql" -d "$3" 2>/dev/null |
    sed -n 's/^latency average = \([0-9.]*\) ms/\1/p'
}
median() { sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }

times() {
  echo 'SELECT 1;' >"$WORK/one.sql"
  printf '%s\n' "SELECT tenancy.enter('one', seal => '$SEAL');" "SELECT tenancy.enter('two', seal => '$SEAL');" >"$WORK/move.sql"
  "$ROOT/scripts/cluster.sh" resume "$WORK/cluster"
  for _ in 1 2 3 4 5; do
    latency extended one postgres >>"$WORK/one.ms"
    latency extended move postgres >>"$WORK/move.ms"
  done
  move=$(awk "BEGIN { print $(median <"$WORK/move.ms") / 2 }")
  echo "time: enter() between two tenants / SELECT 1: $(awk "BEGIN { printf \"%.2f\", $move / $(median <"$WORK/one.ms") }")"
}

times
