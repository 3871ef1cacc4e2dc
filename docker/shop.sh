#!/usr/bin/env bash
# Makes the example shop on the first start of the database: logins, a template, three tenants and
# their rows. PostgreSQL's image runs it over the socket, where nobody needs a password yet.
set -euo pipefail

psql() { command psql -X -q -o /dev/null -v ON_ERROR_STOP=1 -d shop "$@"; }

# Passwords go from file to server: on a command line everybody in the container could read them.
psql -U postgres <<'SQL'
\set dba `cat /run/secrets/dba`
\set app `cat /run/secrets/app`
\set gateway `cat /run/secrets/gateway`
\set resolver `cat /run/secrets/resolver`
\i /shop/database.sql
SQL

psql -U shop_dba -v template="$(cat /shop/template.sql)" -f /shop/tenants.sql
for tenant in acme globex initech; do
  psql -U shop_app -c "SELECT tenancy.enter('$tenant')" -f "/shop/$tenant.sql"
done
