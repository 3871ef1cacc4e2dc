#!/usr/bin/env bash
# The extension beside others that hook into the same places, preloaded before it and behind it:
# runs the tests of the context, the gateways, the scrub and the attacks, and random walks, on
# servers that load both. A library that is not installed is skipped and named.
#
# usage: neighbours.sh [LIBRARY]...   (default: pgaudit pg_stat_statements pg_cron set_user, one by
#                                     one, then all of them)
# Needs what scripts/build.sh makes. Packages: postgresql-15-pgaudit, postgresql-15-cron,
# postgresql-15-set-user; pg_stat_statements comes with PostgreSQL.
set -euo pipefail
# shellcheck source=scripts/env.sh
source "$(dirname "${BASH_SOURCE[0]}")/env.sh"

ALL=(pgaudit pg_stat_statements pg_cron set_user)
MODULES=(context:: gateway:: scrub:: attacks:: suspension:: random_walk::)
WORK=$(mktemp -d)
trap 'rm -rf "$WORK"' EXIT

# What makes a neighbour do its work, and not only sit there.
settings() {
  case $1 in
    pgaudit) echo "pgaudit.log = 'all'" ;;
    pg_stat_statements) echo "pg_stat_statements.track = 'all'" ;;
    pg_cron) echo "cron.database_name = 'postgres'" ;;
    set_user) echo "set_user.block_log_statement = on" ;;
  esac
}

is_installed() { [ -f "$("$PG_CONFIG" --pkglibdir)/$1.so" ]; }

# run LIST NEIGHBOUR...: the tests with this list of libraries
run() {
  local list=$1 neighbour
  shift
  {
    echo "shared_preload_libraries = '$list'"
    for neighbour in "$@"; do settings "$neighbour"; done
  } >"$WORK/conf"
  chmod 644 "$WORK/conf"
  if TENANCY_CLUSTER_CONF=$WORK/conf cargo test -q -p tenancy-tests --test suite -- "${MODULES[@]}" >"$WORK/log" 2>&1; then
    echo "$list: $(grep 'test result' "$WORK/log")"
  else
    grep -E '^test result|FAILED|panicked|^---- ' "$WORK/log" | sed "s/^/$list: /"
    FAILED=1
  fi
}

both_orders() {
  local neighbours
  neighbours=$(IFS=,; echo "$*")
  run "tenancy,$neighbours" "$@"
  run "$neighbours,tenancy" "$@"
}

main() {
  local neighbour present=()
  require_pg
  chmod 755 "$WORK"
  cd "$ROOT"
  [ $# -gt 0 ] || set -- "${ALL[@]}"
  for neighbour in "$@"; do
    if is_installed "$neighbour"; then present+=("$neighbour"); else echo "$neighbour: skipped, not installed"; fi
  done
  FAILED=0
  for neighbour in "${present[@]}"; do both_orders "$neighbour"; done
  [ ${#present[@]} -lt 2 ] || both_orders "${present[@]}"
  [[ " ${present[*]} " != *" pg_cron "* ]] ||
    cargo test -q -p tenancy-tests --test suite -- --ignored background::jobs_of_pg_cron || FAILED=1
  [ $FAILED = 0 ] || fail "tests fail beside a neighbour"
}

main "$@"
