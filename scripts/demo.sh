#!/usr/bin/env bash
# Plays the main job in front of your eyes: from a hostname to a tenant's rows, what is refused and
# how, a day of an administrator, and a fleet: tenants from a schema, a migration of them all, one
# taken out and brought back. Every command shown is the one that runs, every answer is the
# real one, and the demo fails when an answer is not what it should be. Leaves nothing running.
set -euo pipefail
# shellcheck source=scripts/env.sh
source "$(dirname "${BASH_SOURCE[0]}")/env.sh"

# A proxy of the environment has no business between us and 127.0.0.1.
export NO_PROXY='*' no_proxy='*'
ENV_FILE=$(mktemp "${TMPDIR:-/tmp}/tenancy-demo.XXXXXX")
FILES=$(mktemp -d "${TMPDIR:-/tmp}/tenancy-demo.XXXXXX")
BOLD='' PLAIN=''
if [ -t 1 ]; then BOLD=$'\e[1m' PLAIN=$'\e[0m'; fi

end() { [ ! -s "$ENV_FILE" ] || "$ROOT/scripts/down.sh" "$ENV_FILE"; rm -rf "$ENV_FILE" "$FILES"; }

chapter() { printf '\n%s%s%s\n' "$BOLD" "$1" "$PLAIN"; }

# Shows a command and runs it; its output must hold what the second argument says (as grep -E).
run() {
  local output
  printf '\n%s$ %s%s\n' "$BOLD" "$1" "$PLAIN"
  output=$(eval "$1" 2>&1) || true
  printf '%s\n' "$output"
  grep -qE -- "$2" <<<"$output" || fail "the demo expected an answer with \"$2\""
}

# The same for what shows its progress: straight to the terminal.
watch() {
  printf '\n%s$ %s%s\n' "$BOLD" "$1" "$PLAIN"
  eval "$1" || fail "the demo expected this to succeed"
}

# Shown as it is written here, then used.
define() {
  printf '\n%s$ %s%s\n' "$BOLD" "$1" "$PLAIN"
  eval "$1"
}

# An answer holds a description of the columns, and an error a field for everything PostgreSQL can
# say. Brief is: the rows, one per line, or those fields of the error that say something.
brief() {
  sed -E '/^\{"command"/ { s/.*,"rows":(.*)\}$/\1/; s/\},\{/},\n {/g; b }
    s/"(file|line|routine|severity)":"[^"]*",?//g; s/"[A-Za-z]+":null,?//g; s/,\}/}/'
  echo
}

three_hostnames() {
  local shops='"SELECT customer, total, status, invoice FROM order_overview ORDER BY id"'
  chapter 'One address, three hostnames: the same SQL gives each tenant its own rows.'
  run "curl -s --connect-to ::$TENANCY_HTTP http://acme.shop.localhost/sql -u \$LOGIN \\
    -H 'Content-Type: application/json' -d '{\"query\": \"SELECT name, email FROM customer\"}'; echo" 'Coyote'
  chapter 'Once more as a function, showing the rows only.'
  define "sql() { curl -s --connect-to ::$TENANCY_HTTP http://\$1/sql -u \$LOGIN \\
    -H 'Content-Type: application/json' -d \"{\\\"query\\\": \\\"\$2\\\"}\" | brief; }"
  run "sql acme.shop.localhost $shops" 'Coyote'
  run "sql globex.shop.localhost $shops" 'Scorpio'
  run "sql orders.initech.example $shops" 'Lumbergh'
  run 'sql acme.shop.localhost "SELECT place_order('"'WILE@desert.example', 'MUG', 3"')"' 'place_order'
  run 'sql acme.shop.localhost "SELECT title, sold, revenue FROM bestseller"' 'Mug.*21.75'
}

any_client() {
  chapter 'Any client of PostgreSQL: the tenant is the database, and all share a few server connections.'
  # shellcheck disable=SC2016 # expanded when it is run
  run 'psql -X postgres://$LOGIN@$TENANCY_POSTGRES/globex -c "SELECT customer, total FROM order_overview"' 'Scorpio'
  # shellcheck disable=SC2016
  run 'psql -X postgres://$LOGIN@$TENANCY_POSTGRES/orders.initech.example -c "SELECT name FROM customer" -c "\dt"' 'Lumbergh'
  # shellcheck disable=SC2016
  run 'psql -X postgres://$LOGIN@$TENANCY_POSTGRES/nobody -c "SELECT 1"' 'no tenant of this login'
}

what_is_refused() {
  chapter 'Refused: a host that leads nowhere, and a wrong password.'
  run 'sql nobody.shop.localhost "SELECT 1"' '3D000'
  run 'LOGIN=shop_app:guess sql acme.shop.localhost "SELECT 1"' '28P01'

  chapter "Another tenant's table is not even there, by its full name."
  OTHER=$("$PGBIN/psql" -XAt "$TENANCY_ADMIN_DSN" -c "SELECT schema FROM tenancy.tenants WHERE name = 'globex'")
  run "sql acme.shop.localhost \"SELECT * FROM $OTHER.customer\"" '42P01'

  chapter 'Refused: every way out of the tenant without the seal.'
  run 'sql acme.shop.localhost "SELECT tenancy.leave()"' '42501'
  run 'sql acme.shop.localhost "SELECT tenancy.enter('"'globex'"')"' '42501'
  run 'sql acme.shop.localhost "SET ROLE postgres"' '42501'
}

a_day_of_the_dba() {
  chapter 'The administrator works in psql.'
  # shellcheck disable=SC2016 # expanded when it is run
  define 'dba() { psql -X -q "$TENANCY_ADMIN_DSN" -c "$1"; }'
  run 'dba "SELECT id, name, schema, status FROM tenancy.tenants"' 'initech .* active'
  run "dba \"SELECT tenancy.create('umbrella', template => 'shop', domain => 'umbrella.shop.localhost')\"" ' 4'
  run 'sql umbrella.shop.localhost "SELECT sku, price FROM product ORDER BY sku LIMIT 2"' 'ANVIL'

  chapter 'Suspended: refused at once, and back again.'
  run "dba \"SELECT tenancy.suspend('globex', reason => 'unpaid')\"" 'suspend'
  run 'sql globex.shop.localhost "SELECT count(*) FROM orders"' '57P03'
  run 'sql acme.shop.localhost "SELECT count(*) FROM orders"' '"count":"?3'
  run "dba \"SELECT tenancy.resume('globex')\"" 'resume'
  run 'sql globex.shop.localhost "SELECT count(*) FROM orders"' '"count":"?1'

  chapter 'A hostname of its own, and what has been done so far.'
  run "dba \"SELECT tenancy.add_domain('acme', 'Shop.ACME.example')\"" 'add_domain'
  run 'sql shop.acme.example "SELECT tenancy.current()"' 'acme'
  run 'dba "SELECT hostname, tenant, is_primary FROM tenancy.domains ORDER BY 2, 1"' 'shop.acme.example'
  run 'dba "SELECT actor, action, tenant FROM tenancy.audit_log ORDER BY id DESC LIMIT 5"' 'shop_dba .* add_domain'
}

a_fleet() {
  chapter 'A schema as a template: types, functions, triggers, views and rows arrive in each copy.'
  run "psql -X -q \"\$TENANCY_ADMIN_DSN\" -v ON_ERROR_STOP=1 -c 'CREATE SCHEMA market' \\
    -c 'SET search_path = market, public' -f $ROOT/examples/shop/template.sql && echo made" '^made$'
  run "dba \"SELECT tenancy.register_template('market', schema => 'market')\"" 'register_template'
  run "dba \"SELECT count(tenancy.create('market-' || n, 'market')) AS created FROM generate_series(1, 40) n\"" ' 40'
  run "dba \"SELECT * FROM tenancy.verify('market-7')\"" 'structure *\| t'

  chapter 'A change of them all: one tenant first, then waves over four connections.'
  cd "$FILES"
  define "echo 'ALTER TABLE customer ADD COLUMN birthday date; CREATE INDEX birthdays ON customer (birthday);' >0001_birthdays.sql"
  watch 'tenancy migrate apply 0001_birthdays.sql --template market --dry-run'
  watch 'tenancy migrate apply 0001_birthdays.sql --template market'
  watch 'tenancy migrate apply 0001_birthdays.sql --template market'
  run 'tenancy migrate status' 'birthdays'

  chapter 'Somebody changes one by hand: which of the fleet is not like its template?'
  SCHEMA=$(psql -XAt -c "SELECT schema FROM tenancy.tenants WHERE name = 'market-7'")
  run "psql -X -c 'DROP INDEX $SCHEMA.birthdays'" 'DROP INDEX'
  run 'dba "SELECT tenant, object, difference FROM tenancy.drift()"' 'market-7 .* missing'
}

out_and_back() {
  chapter 'A tenant with its rows in a file, and back beside the original.'
  define "export TENANCY_ADMIN_DSN='host=$PGHOST port=$PGPORT user=postgres dbname=shop'"
  watch 'tenancy export acme -o acme.tar.zst'
  watch 'tenancy import acme.tar.zst --as acme-staging'
  run "dba \"SELECT tenancy.add_domain('acme-staging', 'staging.acme.example')\"" 'add_domain'
  run 'sql staging.acme.example "SELECT name, email FROM customer"' 'Coyote'

  chapter 'Or as a script, for a database that has never heard of tenancy.'
  run "psql -XAtq -c \"SELECT tenancy.export('acme')\" >acme.sql && createdb elsewhere && psql -X -q -o /dev/null -d elsewhere -f acme.sql && echo restored" '^restored$'
  run "psql -X -d elsewhere -c 'SELECT name, email FROM acme.customer' -c '\dx'" 'Coyote'
}

main() {
  trap end EXIT
  # Without these the shell would end by the signal and skip the trap above.
  trap 'exit 130' INT
  trap 'exit 143' TERM
  say 'starting PostgreSQL with the extension, three tenants and the sidecar ...'
  "$ROOT/scripts/up.sh" --owner $$ --env "$ENV_FILE"
  set -a
  # shellcheck disable=SC1090
  source "$ENV_FILE"
  set +a
  PATH=$PGBIN:$TARGET/debug:$PATH
  LOGIN=${TENANCY_APP_DSN#*//}
  LOGIN=${LOGIN%@*}
  three_hostnames
  any_client
  what_is_refused
  a_day_of_the_dba
  a_fleet
  out_and_back
  chapter 'That was all. make up keeps it running to play with.'
}

main "$@"
