#!/usr/bin/env bash
# Random statements inside a tenant: sqlsmith writes them from the catalogs of a database with
# three tenants, seeing all of it as a superuser does; a client replays them inside one tenant, as
# its member, as a member who may create in the schema, and as its owner. Afterwards no server
# process has crashed, the other tenants' data and the catalogs are what they were, and no word of
# theirs was in any answer.
#
# usage: sqlsmith.sh [STATEMENTS] [SEED]     (default 100000, 1; needs sqlsmith and a built extension)
set -euo pipefail
# shellcheck source=scripts/env.sh
source "$(dirname "${BASH_SOURCE[0]}")/env.sh"

STATEMENTS=${1:-100000}
SEED=${2:-1}
# A connection each, so that one that ends takes few statements with it.
PER_SESSION=500
WORK=$(mktemp -d "${TMPDIR:-/tmp}/smith.XXXXXX")
CLUSTER=$WORK/cluster
trap '"$ROOT/scripts/cluster.sh" stop "$CLUSTER" >/dev/null 2>&1 || true; rm -rf "$WORK"' EXIT

# What no other tenant may ever read; part of their names, rows, columns and comments.
CANARY=canary_of_the_others

superuser() { "$PGBIN/psql" -X -q -At -v ON_ERROR_STOP=1 -d smith "$@"; }

prepare() {
  echo 'local all all trust' >"$WORK/hba.conf"
  chmod 755 "$WORK"
  "$ROOT/scripts/cluster.sh" start "$CLUSTER" --owner $$ -c hba_file="$WORK/hba.conf" >/dev/null
  set -a
  # shellcheck disable=SC1091
  source "$CLUSTER/env"
  set +a
  "$PGBIN/psql" -X -q -c 'CREATE DATABASE smith'
  superuser -o /dev/null -v canary="$CANARY" <<'SQL'
CREATE EXTENSION tenancy;
CREATE ROLE smith LOGIN IN ROLE tenancy_migrator;
SELECT tenancy.register_template('shop', $$
  CREATE TABLE customer (id int PRIMARY KEY, name text NOT NULL, since timestamptz DEFAULT now());
  CREATE TABLE orders (id int PRIMARY KEY, customer int REFERENCES customer, total numeric(10,2), lines jsonb);
  CREATE VIEW best AS SELECT c.name, sum(o.total) FROM customer c JOIN orders o ON o.customer = c.id GROUP BY 1;
  CREATE SEQUENCE ticket;
  CREATE FUNCTION twice(n int) RETURNS int LANGUAGE sql AS 'SELECT n * 2';
  CREATE FUNCTION names() RETURNS SETOF text LANGUAGE sql SECURITY DEFINER AS 'SELECT name FROM customer';
$$);
SELECT tenancy.create('own', 'shop'), tenancy.create('one', 'shop'), tenancy.create('two', 'shop');
SELECT tenancy.grant_login('smith', '*');
SELECT schema AS own FROM tenancy.tenants WHERE name = 'own' \gset
SELECT schema AS one FROM tenancy.tenants WHERE name = 'one' \gset
SELECT schema AS two FROM tenancy.tenants WHERE name = 'two' \gset
INSERT INTO :own.customer SELECT i, 'customer ' || i FROM generate_series(1, 20) i;
INSERT INTO :own.orders SELECT i, i, i, '[1, {"a": 2}]' FROM generate_series(1, 20) i;
INSERT INTO :one.customer SELECT i, :'canary' || i FROM generate_series(1, 20) i;
INSERT INTO :two.customer SELECT i, :'canary' || i FROM generate_series(1, 20) i;
CREATE TABLE :one.canary_of_the_others (canary_of_the_others text);
COMMENT ON TABLE :two.customer IS :'canary';
ANALYZE;
SQL
  OWN=$(superuser -c "SELECT schema FROM tenancy.tenants WHERE name = 'own'")
}

# Everything that is not the tenant's own: the others' data, and all definitions but its own. Large
# objects are the tenant's alone here; what was refused is noted in the audit trail, as it should be.
state() {
  { "$PGBIN/pg_dump" -d smith --no-blobs --exclude-schema="$OWN"; "$PGBIN/pg_dumpall" --globals-only; } |
    grep -vE '^(SELECT pg_catalog.setval|\\(un)?restrict )' | grep -vP '\trefused\t' | md5sum
}

# generate USER COUNT: statements on what this user sees, each on a line of its own; sqlsmith breaks
# them into many.
generate() {
  sqlsmith --target="host=$PGHOST port=$PGPORT dbname=smith user=$1" --dry-run \
    --max-queries="$2" --seed="$SEED" 2>"$WORK/generate.log" |
    awk 'BEGIN { RS = ";" } { gsub(/[\n\r]+/, " "); gsub(/\\/, ""); if ($0 ~ /[a-z]/) print $0 ";" }'
}

# replay CAPACITY FILE: one session; a lost connection is not opened again
replay() {
  { echo "SELECT tenancy.enter('own', \"as\" => '$1');"
    echo "SET statement_timeout = '300ms';"
    cat "$2"
  } | PGCONNECT_TIMEOUT=5 "$PGBIN/psql" -X -U smith -d smith >"$2.out" 2>&1 || true
}

# A tenant's way to be more than a member.
capacity_of() {
  case $(($1 % 3)) in
    0) echo member ;;
    1) superuser -c "GRANT CREATE ON SCHEMA $OWN TO $ROLE"; echo member ;;
    2) superuser -c "REVOKE CREATE ON SCHEMA $OWN FROM $ROLE"; echo owner ;;
  esac
}

# The next statements of one of the two writers; fails when there are no more.
next_part() {
  local lines
  mapfile -n $PER_SESSION -t -u "$1" lines
  [ ${#lines[@]} -gt 0 ] || return 1
  printf '%s\n' "${lines[@]}" >"$part"
}

judge() {
  ! grep -E 'TRAP|terminated by signal|PANIC' "$CLUSTER/log" || fail "a server process crashed"
  [ "$(state)" = "$BEFORE" ] || fail "something that is not the tenant's has changed"
}

main() {
  local part=$WORK/part number=0 leaks=0 succeeded=0 failed=0 lost=0 capacity
  command -v sqlsmith >/dev/null || fail "sqlsmith is not installed"
  prepare
  ROLE=$(superuser -c "SELECT role FROM tenancy.tenants WHERE name = 'own'")
  superuser -c "CREATE ROLE writer LOGIN IN ROLE $ROLE"
  BEFORE=$(state)
  # Half of them know of every tenant, the other half of what the tenant may use.
  exec 3< <(generate postgres $((STATEMENTS / 2))) 4< <(generate writer $((STATEMENTS / 2)))
  while next_part $((3 + number % 2)); do
    capacity=$(capacity_of $((number / 2)))
    number=$((number + 1))
    replay "$capacity" "$part"
    # What a statement says itself is no answer; sqlsmith knows the names of all.
    grep -vE '^(LINE [0-9]+:|ERROR:|HINT:|CONTEXT:|QUERY:)' "$part.out" | grep "$CANARY" >>"$WORK/leaks" || true
    succeeded=$((succeeded + $(grep -cE '^(\([0-9]+ rows?\)|INSERT|UPDATE|DELETE|MERGE)' "$part.out" || true)))
    failed=$((failed + $(grep -c '^ERROR' "$part.out" || true)))
    lost=$((lost + $(grep -c 'connection to server was lost' "$part.out" || true)))
    if [ $((number % 20)) = 0 ]; then
      judge
      say "$((number * PER_SESSION)): $succeeded succeeded, $failed failed, $lost connections lost"
    fi
  done
  judge
  leaks=$(grep -c . "$WORK/leaks" 2>/dev/null || true)
  say "$STATEMENTS statements, seed $SEED: $succeeded succeeded, $failed were refused or failed, $lost connections lost, ${leaks:-0} words of other tenants"
  [ "${leaks:-0}" = 0 ] || { head -5 "$WORK/leaks" >&2; fail "words of other tenants were in the answers"; }
}

main "$@"
