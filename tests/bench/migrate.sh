#!/usr/bin/env bash
# What a migration of the whole fleet costs: a column and an index for each of a thousand tenants.
#   ddl      the statements' own cost: plain schemas of a database without tenancy, over as many
#            connections, ten schemas to a transaction, each transaction in one message
#   apply    tenancy migrate apply
#   psql     one psql for each tenant, as scripts do it
#   again    tenancy migrate apply once more, with nothing to do
# Milliseconds per tenant (for `again`: in all), the median of five runs by turns, and ratios within
# one run. The claims: at most 0.6 ms per tenant on top of ddl, at least 15 times faster than psql, and
# again in under 100 ms.
#
# usage: migrate.sh [TENANTS]     needs a release build (build.sh --release)
set -euo pipefail
HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=scripts/env.sh
source "$HERE/../../scripts/env.sh"

COUNT=${1:-1000}
BUILD=${TENANCY_BUILD:-$TARGET/extension-release}
TENANCY=$TARGET/release/tenancy
JOBS=4
BATCH=10
TURNS=5
WORK=$(mktemp -d)
chmod 755 "$WORK"
trap '"$ROOT/scripts/cluster.sh" stop "$WORK/cluster" >/dev/null 2>&1 || true; rm -rf "$WORK"' EXIT

sql() { "$PGBIN/psql" -X -q -A -t -v ON_ERROR_STOP=1 "$@"; }

TABLES='CREATE TABLE customer (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL);
CREATE TABLE item (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, customer bigint REFERENCES customer,
  name text NOT NULL, amount numeric(10,2) CHECK (amount >= 0));
CREATE INDEX item_customer ON item (customer);'

# change TURN: the statements, each time of another column.
change() { echo "ALTER TABLE item ADD COLUMN due_$1 date; CREATE INDEX item_due_$1 ON item (due_$1);"; }

more() {
  local from
  for ((from = 1; from <= COUNT; from += 20)); do
    sql -d bench -c "SELECT tenancy.create('tenant' || n, 'bench') FROM generate_series($from, least($from + 19, $COUNT)) n" >/dev/null
  done
}

# plain DATABASE: the same schemas, of the same owners, in a database that knows nothing of tenancy.
plain() {
  local schema owner
  while read -r schema owner; do
    echo "CREATE SCHEMA $schema AUTHORIZATION $owner; SET ROLE $owner; SET search_path = $schema; $TABLES RESET ROLE;"
  done <"$WORK/schemas" | sql -d "$1"
}

# The statements for every schema, dealt out to JOBS files; a transaction is one message.
deal() {
  local schema owner number=0
  rm -f "$WORK"/part.*
  while read -r schema owner; do
    printf 'SET LOCAL ROLE %s; SET LOCAL search_path = %s; %s\n' "$owner" "$schema" "$(change "$1")" |
      sed 's/;/ \\;/g' >>"$WORK/part.$((number / BATCH % JOBS))"
    number=$((number + 1))
    [ $((number % BATCH)) -ne 0 ] || echo ';' >>"$WORK/part.$(((number - 1) / BATCH % JOBS))"
  done <"$WORK/schemas"
}

ddl() {
  local part pids=()
  for part in "$WORK"/part.*; do
    sql -d plain -f "$part" &
    pids+=($!)
  done
  wait "${pids[@]}"
}

apply() { "$TENANCY" migrate apply "$WORK/migrations" --jobs "$JOBS" --batch "$BATCH" 2>&1; }

one_by_one() {
  local schema owner
  while read -r schema owner; do
    sql -d scripted -c "SET ROLE $owner; SET search_path = $schema; $(change "$1")" </dev/null
  done <"$WORK/schemas"
}

milliseconds() {
  local start
  start=$(date +%s%N)
  "$@" >"$WORK/said" || { cat "$WORK/said" >&2; return 1; }
  echo $((($(date +%s%N) - start) / 1000000))
}

measure() {
  local turn
  for ((turn = 1; turn <= TURNS; turn++)); do
    change "$turn" >"$WORK/migrations/$turn.sql"
    deal "$turn"
    sql -d bench -c CHECKPOINT
    milliseconds ddl >>"$WORK/ddl"
    milliseconds apply >>"$WORK/apply"
    milliseconds apply >>"$WORK/again"
    milliseconds one_by_one "$turn" >>"$WORK/psql"
  done
}

report() {
  local name
  for name in ddl apply psql again; do
    printf -v "$name" '%s' "$(sort -n "$WORK/$name" | sed -n "$(((TURNS + 1) / 2))p")"
  done
  # shellcheck disable=SC2154 # set by name just before
  awk -v n="$COUNT" -v ddl="$ddl" -v apply="$apply" -v psql="$psql" -v again="$again" 'BEGIN {
    printf "%8s %10s %10s %10s %12s %12s %10s\n", "tenants", "ddl", "apply", "psql", "apply - ddl", "psql / apply", "again"
    printf "%8d %7.2f ms %7.2f ms %7.2f ms %9.2f ms %12.1f %7d ms\n", n, ddl / n, apply / n, psql / n,
      (apply - ddl) / n, psql / apply, again }'
}

"$ROOT/scripts/cluster.sh" start "$WORK/cluster" --extension "$BUILD" -c jit=off \
  -c autovacuum=off -c max_locks_per_transaction=512 -c shared_buffers=512MB -c max_wal_size=8GB >/dev/null
# shellcheck disable=SC1091
set -a && source "$WORK/cluster/env" && set +a
mkdir "$WORK/migrations"
export TENANCY_ADMIN_DSN="host=$PGHOST port=$PGPORT user=$PGUSER dbname=bench"
for database in bench plain scripted; do "$PGBIN/createdb" "$database"; done
sql -d bench -v tables="$TABLES" >/dev/null <<'SQL'
CREATE EXTENSION tenancy;
SELECT tenancy.register_template('bench', :'tables');
SQL
more
sql -d bench -c "SELECT schema, owner FROM tenancy.tenant ORDER BY id" -F ' ' >"$WORK/schemas"
plain plain
plain scripted
for database in bench plain scripted; do sql -d "$database" -c "VACUUM ANALYZE"; done
measure
report
