#!/usr/bin/env bash
# What it takes to have a tenant in a file and back: `tenancy export` against pg_dump -Fc,
# `tenancy import` against pg_restore, for the same tenant of about a hundred megabytes, with few
# tenants in the database and with many. Milliseconds, the median of five runs by turns, and ratios
# within one run. The claim: neither takes longer than its peer, however many tenants there are.
# Each as it comes: pg_dump and pg_restore with one connection and zlib at 6, ours with two and zstd
# at 1.
#
# usage: export.sh [TENANTS]...     needs a release build (build.sh --release); default 100 2000
set -euo pipefail
HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=scripts/env.sh
source "$HERE/../../scripts/env.sh"
# shellcheck source=tests/bench/twenty_tables.sh
source "$HERE/twenty_tables.sh"

[ $# -gt 0 ] || set -- 100 2000
BUILD=${TENANCY_BUILD:-$TARGET/extension-release}
TENANCY=$TARGET/release/tenancy
ROWS=25000
BATCH=20
WORK=$(mktemp -d)
chmod 755 "$WORK"
trap '"$ROOT/scripts/cluster.sh" stop "$WORK/cluster" >/dev/null 2>&1 || true; rm -rf "$WORK"' EXIT

# more TENANTS: as many tenants as that.
more() {
  local from
  for ((from = $(sql -c "SELECT count(*) + 1 FROM tenancy.tenants"); from <= $1; from += BATCH)); do
    sql -c "SELECT tenancy.create('tenant' || n, 'bench') FROM generate_series($from, least($from + $BATCH - 1, $1)) n" >/dev/null
  done
  sql -c "VACUUM ANALYZE"
}

rows() {
  local i
  for ((i = 1; i <= 20; i++)); do
    echo "INSERT INTO $1.table_$i (name, amount, data, before_id) SELECT md5(n::text), n % 1000, jsonb_build_object('n', n, 'text', md5((n * 7)::text)), $([ "$i" = 1 ] && echo NULL || echo n) FROM generate_series(1, $ROWS) n;"
  done
}

milliseconds() {
  local start
  start=$(date +%s%N)
  "$@" >/dev/null
  echo $((($(date +%s%N) - start) / 1000000))
}

median() { sort -n | sed -n 3p; }

take_out() { rm -f "$WORK/out/a.tar.zst"; "$TENANCY" export tenant1 -o "$WORK/out/a.tar.zst"; }
dump() { "$PGBIN/pg_dump" -Fc -n "$SCHEMA" -f "$WORK/out/a.dump" bench; }
bring_in() { "$TENANCY" import "$WORK/out/a.tar.zst" --as "again$1"; }
restore() { "$PGBIN/pg_restore" --no-owner --no-privileges -d bench "$WORK/out/a.dump"; }

measure() {
  local turn
  for turn in 1 2 3 4 5; do
    milliseconds take_out >>"$WORK/export"
    milliseconds dump >>"$WORK/pg_dump"
  done
  # pg_restore makes the schema under its own name: the original makes room for it.
  sql -c "ALTER SCHEMA $SCHEMA RENAME TO away"
  for turn in 1 2 3 4 5; do
    milliseconds restore >>"$WORK/pg_restore"
    sql -c "DROP SCHEMA $SCHEMA CASCADE"
    milliseconds bring_in "$turn" >>"$WORK/import"
    # A purge commits as it goes: it cannot share a message with another statement.
    sql -c "SELECT tenancy.drop('again$turn')" -c "CALL tenancy.purge('again$turn', force => true)" >/dev/null
  done
  sql -c "ALTER SCHEMA away RENAME TO $SCHEMA"
}

report() {
  local name
  for name in export pg_dump import pg_restore; do
    printf -v "${name}_ms" '%s' "$(median <"$WORK/$name")"
    rm "$WORK/$name"
  done
  # shellcheck disable=SC2154 # set by name just before
  printf '%7s %9s %9s %6s %9s %11s %6s\n' "$1" "$export_ms" "$pg_dump_ms" "$(ratio "$export_ms" "$pg_dump_ms")" \
    "$import_ms" "$pg_restore_ms" "$(ratio "$import_ms" "$pg_restore_ms")"
}

"$ROOT/scripts/cluster.sh" start "$WORK/cluster" --extension "$BUILD" -c jit=off \
  -c autovacuum=off -c max_locks_per_transaction=512 -c shared_buffers=512MB -c max_wal_size=8GB >/dev/null
# shellcheck disable=SC1091
set -a && source "$WORK/cluster/env" && set +a
mkdir "$WORK/out"
# What drops and purges take along interests nobody here.
export PGOPTIONS='-c client_min_messages=warning'
export PGDATABASE=bench TENANCY_ADMIN_DSN="host=$PGHOST port=$PGPORT user=$PGUSER dbname=bench"
make_template "$(template)"
more 1
SCHEMA=$(sql -c "SELECT schema FROM tenancy.tenants WHERE name = 'tenant1'")
rows "$SCHEMA" | sql
printf '%7s %9s %9s %6s %9s %11s %6s\n' tenants export pg_dump ratio import pg_restore ratio
for count in "$@"; do
  more "$count"
  measure
  report "$count"
done
