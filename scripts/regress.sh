#!/usr/bin/env bash
# Does the extension change anything for those who do not ask for it, and does ordinary SQL go on
# working for those who do? PostgreSQL's own regression tests answer both.
#
# usage: regress.sh SOURCE_TREE [outside | inside] [TEST]...
#   SOURCE_TREE  PostgreSQL's sources, of the same major version as the server under test
#                (PG_CONFIG), configured, and with `make -C src/test/regress` done
#   outside      the whole suite (or these tests, in this order) with the library preloaded, against
#                the same without it: nothing may differ
#   inside       tests that need neither a superuser nor another connection, as the owner of a
#                tenant, against the same as an ordinary role that owns an ordinary schema: each line
#                that differs has to be one that tests/regress/inside.txt explains
# Without either, both. What differs is left in target/regress.
set -euo pipefail
# shellcheck source=scripts/env.sh
source "$(dirname "${BASH_SOURCE[0]}")/env.sh"

EXPLAINED=$ROOT/tests/regress/inside.txt
RESULTS=$TARGET/regress
WORK=$(mktemp -d "${TMPDIR:-/tmp}/regress.XXXXXX")
CLUSTER=$WORK/cluster

end() {
  [ ! -d "$CLUSTER" ] || "$ROOT/scripts/cluster.sh" stop "$CLUSTER" || true
  rm -rf "$WORK"
}

usage() { sed -n '/^# usage/,/^# Without/{s/^# \{0,1\}//;p}' "$0"; }

require_source() {
  [ -f "$SOURCE/src/test/regress/regress.so" ] || fail "there is no built src/test/regress in \"$SOURCE\""
  require_pg
  grep -q "^#define PG_MAJORVERSION \"$PG_MAJOR\"" "$SOURCE/src/include/pg_config.h" ||
    fail "\"$SOURCE\" is not of the server's major version, $PG_MAJOR"
}

# The tests connect as roles that they make.
start_cluster() {
  echo 'local all all trust' >"$WORK/hba.conf"
  chmod 755 "$WORK"
  "$ROOT/scripts/cluster.sh" start "$CLUSTER" --owner $$ -c hba_file="$WORK/hba.conf" \
    -c max_prepared_transactions=2 "$@" >/dev/null
  set -a
  # shellcheck disable=SC1091
  source "$CLUSTER/env"
  set +a
}

stop_cluster() {
  ! grep -E 'TRAP|terminated by signal' "$CLUSTER/log" || fail "a server process crashed"
  "$ROOT/scripts/cluster.sh" stop "$CLUSTER"
}

# PostgreSQL's own runner, as `make installcheck` calls it; it fails when a test does, which is for
# the comparison to judge.
run_suite() {
  local output=$WORK/$1 tests=(--schedule=parallel_schedule)
  shift
  mkdir "$output"
  ! is_root || chown postgres "$output"
  [ $# -eq 0 ] || tests=("$@")
  (cd "$SOURCE/src/test/regress" && as_server ./pg_regress --host="$PGHOST" --port="$PGPORT" \
    --user=postgres --bindir="$PGBIN" --inputdir=. --outputdir="$output" --dlpath=. \
    --max-concurrent-tests=20 "${tests[@]}") >"$output/log" 2>&1 || true
  grep -E 'tests? (passed|failed)' "$output/log" || fail "the suite did not run: $(tail -n 3 "$output/log")"
}

# Names of the folder, and what two runs of the same never have in common.
tidy() { sed -E -i "s,$WORK/[a-z]+,OUTPUT,g" "$1"/results/*.out; }

outside() {
  local loaded
  for loaded in without with; do
    if [ $loaded = with ]; then start_cluster; else start_cluster -c shared_preload_libraries=; fi
    say "the suite, $loaded the library:"
    run_suite $loaded "$@"
    stop_cluster
    tidy "$WORK/$loaded"
  done
  if diff -U2 -r "$WORK/without/results" "$WORK/with/results" >"$RESULTS/outside.diff"; then
    say "outside: no difference"
  else
    fail "outside: it differs, see $RESULTS/outside.diff"
  fi
}

# Tests that do not connect again, load libraries or read the server's files, or depend on what
# another one leaves.
INSIDE='boolean char name varchar text int2 int4 int8 oid float4 float8 bit numeric uuid enum money
rangetypes strings numerology point lseg line box path polygon circle date time timetz timestamp
timestamptz interval inet multirangetypes regex comments expressions unicode copyselect copydml
insert insert_conflict create_procedure drop_if_exists typed_table select_distinct select_implicit
select_having subselect union case aggregates transactions arrays update delete groupingsets
generated identity merge tsrf tid with truncate returning rowtypes rangefuncs prepare limit plpgsql
temp domain sequence polymorphism window json jsonb foreign_key triggers partition_prune
matview dependency incremental_sort bitmapops combocid largeobject plancache xml'

as_superuser() { "$PGBIN/psql" -X -q -v ON_ERROR_STOP=1 -d "$1" "${@:2}"; }

# Tables that many tests read, made by a superuser in the place of the test. Then they are the
# place's own: in a tenant by themselves, elsewhere by this.
set_up() {
  local database=$1 schema=$2
  (cd "$SOURCE/src/test/regress" && PG_ABS_SRCDIR=$PWD PG_LIBDIR=$PWD PG_DLSUFFIX=.so \
    PGOPTIONS="-c search_path=$schema,public" \
    "$PGBIN/psql" -X -q -d "$database" -f sql/test_setup.sql) >"$WORK/set_up.$database" 2>&1
}

own_all() {
  as_superuser "$1" <<SQL
DO \$\$ DECLARE o record; BEGIN
  FOR o IN SELECT format('ALTER %s %s OWNER TO plain', CASE relkind WHEN 'v' THEN 'VIEW' ELSE 'TABLE' END,
                         oid::regclass) AS sql
           FROM pg_class WHERE relnamespace = 'plain'::regnamespace AND relkind IN ('r', 'v')
  LOOP EXECUTE o.sql; END LOOP;
  FOR o IN SELECT format('ALTER ROUTINE %s OWNER TO plain', oid::regprocedure) AS sql
           FROM pg_proc WHERE pronamespace = 'plain'::regnamespace
  LOOP EXECUTE o.sql; END LOOP;
END \$\$;
SQL
}

# An ordinary role in an ordinary schema, and a tenant, in a database each.
make_places() {
  as_superuser postgres -c 'CREATE DATABASE outside_place' -c 'CREATE DATABASE inside_place' \
    -c 'CREATE ROLE plain' -c 'CREATE ROLE visitor LOGIN' -c 'GRANT plain TO visitor'
  for database in outside_place inside_place; do
    as_superuser "$database" -c "ALTER DATABASE $database SET lc_messages = 'C'" \
      -c "ALTER DATABASE $database SET timezone = 'PST8PDT'" \
      -c "ALTER DATABASE $database SET datestyle = 'postgres, mdy'" \
      -c "ALTER DATABASE $database SET intervalstyle = 'postgres_verbose'"
  done
  as_superuser outside_place -c 'CREATE SCHEMA plain AUTHORIZATION plain' \
    -c 'ALTER ROLE visitor IN DATABASE outside_place SET search_path = plain, public, pg_temp'
  set_up outside_place plain
  own_all outside_place
  as_superuser inside_place -o /dev/null -c 'CREATE EXTENSION tenancy' -c 'GRANT tenancy_migrator TO visitor' \
    -c "SELECT tenancy.create('regress', schema => 'plain')" \
    -c "SELECT tenancy.grant_login('visitor', '*')"
  set_up inside_place plain
}

# One test in one of the places, with what names the place, and the widths of columns that follow
# from it, made the same.
run_inside() {
  local database=$1 first=$2 test=$3 owner
  owner=$(as_superuser "$database" -At -c "SELECT nspowner::regrole FROM pg_namespace WHERE nspname = 'plain'")
  (cd "$SOURCE/src/test/regress" &&
    { echo "$first"; cat "sql/$test.sql"; } |
    PG_ABS_SRCDIR=$PWD PG_LIBDIR=$PWD PG_DLSUFFIX=.so PG_ABS_BUILDDIR=$WORK PGTZ=PST8PDT PGDATESTYLE='Postgres, MDY' \
      "$PGBIN/psql" -X -a -q -v HIDE_TABLEAM=on -v HIDE_TOAST_COMPRESSION=on -U visitor -d "$database" 2>&1) |
    sed -E "1d; s/${owner%_owner}_owner/plain/g; s/${owner%_owner}/plain/g; s/$database/place/g; s/ +/ /g; s/-{2,}/--/g; s/ +$//; s/\b(oid|OID) [0-9]+/\1 N/g; s/(RI_ConstraintTrigger_[ac]_)[0-9]+/\1N/g"
}

inside() {
  local test places=0 unexplained
  start_cluster
  make_places
  mkdir -p "$RESULTS/inside"
  rm -f "$RESULTS"/inside/*
  if [ $# -gt 0 ]; then all=("$@"); else read -ra all -d '' <<<"$INSIDE" || true; fi
  for test in "${all[@]}"; do
    run_inside outside_place 'SET ROLE plain;' "$test" >"$WORK/ordinary.out"
    run_inside inside_place "SELECT tenancy.enter('regress', \"as\" => 'owner') AS place \\gset" "$test" >"$WORK/tenanted.out"
    diff "$WORK/ordinary.out" "$WORK/tenanted.out" >"$RESULTS/inside/$test.diff" || places=$((places + 1))
  done
  stop_cluster
  unexplained=$(unexplained)
  say "inside: ${#all[@]} tests, $places of them with differences, in $(cat "$RESULTS"/inside/*.diff | grep -c '^[<>]') lines; not explained: $(grep -c . <<<"$unexplained" || true)"
  [ -z "$unexplained" ] || { head -40 <<<"$unexplained" >&2; fail "inside: differences without an explanation, see $RESULTS/inside"; }
}

# Lines that differ and match no pattern of the list.
unexplained() {
  sed -n '/^#/d; /^ *$/d; s/^    //p' "$EXPLAINED" >"$WORK/patterns"
  grep -HE '^[<>] .' "$RESULTS"/inside/*.diff | sed 's,.*/inside/,,' | grep -vE -f "$WORK/patterns" || true
}

main() {
  if [ $# -lt 1 ] || [ "$1" = --help ]; then usage; exit 2; fi
  SOURCE=$(cd "$1" && pwd)
  local where=${2:-both}
  require_source
  mkdir -p "$RESULTS"
  trap end EXIT
  case $where in
    both) outside && inside ;;
    outside) outside "${@:3}" ;;
    inside) inside "${@:3}" ;;
    *) usage; exit 2 ;;
  esac
}

main "$@"
