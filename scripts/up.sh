#!/usr/bin/env bash
# Starts the example shop to play with: a throw-away cluster with the extension, three tenants, and
# the sidecar in front. Needs what scripts/build.sh makes. Returns when all of it is ready.
# usage: up.sh [--owner PID] [--env FILE]
#   --owner  everything ends when that process does; without it, scripts/down.sh ends it
#   --env    where to write the addresses, as shell assignments (default: target/up.env)
set -euo pipefail
# shellcheck source=scripts/env.sh
source "$(dirname "${BASH_SOURCE[0]}")/env.sh"

SHOP=$ROOT/examples/shop
TENANCY=$TARGET/debug/tenancy
OUT=$TARGET/up.env
OWNER=()

parse() {
  while [ $# -gt 0 ]; do
    case $1 in
      --owner) OWNER=(--owner "$2") ;;
      --env) OUT=$2 ;;
      *) fail "unknown argument \"$1\"" ;;
    esac
    shift 2
  done
}

is_up() {
  local pid
  pid=$(sed -n 's/^SIDECAR_PID=//p' "$OUT" 2>/dev/null || true)
  [ -n "$pid" ] && kill -0 "$pid" 2>/dev/null
}

# A new one each time: the ports are open to everybody on this machine.
password() { od -An -N12 -tx1 /dev/urandom | tr -d ' \n'; }

as_superuser() { "$PGBIN/psql" -X -q -o /dev/null -v ON_ERROR_STOP=1 "$@"; }
as_login() {
  local login=$1 secret=$2
  shift 2
  PGUSER=$login PGPASSWORD=$secret PGHOST=127.0.0.1 as_superuser -d shop "$@"
}

make_shops() {
  local name
  DBA=$(password) APP=$(password) GATEWAY=$(password) RESOLVER=$(password)
  as_superuser -c 'CREATE DATABASE shop'
  as_superuser -d shop -v dba="$DBA" -v app="$APP" -v gateway="$GATEWAY" -v resolver="$RESOLVER" \
    -f "$SHOP/database.sql"
  as_login shop_dba "$DBA" -v template="$(cat "$SHOP/template.sql")" -f "$SHOP/tenants.sql"
  for name in acme globex initech; do
    as_login shop_app "$APP" -c "SELECT tenancy.enter('$name')" -f "$SHOP/$name.sql"
  done
}

write_config() {
  (umask 077 && cat >"$CLUSTER_DIR/tenancy.toml") <<TOML
base_domains = ["shop.localhost"]
[listen]
http = "127.0.0.1:0"
postgres = "127.0.0.1:0"
admin = "127.0.0.1:0"
[data]
dsn = "postgresql://shop_gateway:$GATEWAY@127.0.0.1:$PGPORT/shop"
[registry]
dsn = "postgresql://shop_resolver:$RESOLVER@127.0.0.1:$PGPORT/shop"
TOML
}

start_sidecar() {
  write_config
  # Read from now on, and the process may take a while to begin.
  : >"$CLUSTER_DIR/listening"
  setsid "$TENANCY" serve --config "$CLUSTER_DIR/tenancy.toml" \
    </dev/null >"$CLUSTER_DIR/listening" 2>"$CLUSTER_DIR/sidecar.log" &
  SIDECAR_PID=$!
  : >"$CLUSTER_DIR/owned/$SIDECAR_PID"
  wait_ready
}

# The first line it prints: tenancy listening http=127.0.0.1:20000 postgres=127.0.0.1:20001
address() { sed -n "s/.* $1=\([^ ]*\).*/\1/p" "$CLUSTER_DIR/listening"; }

wait_ready() {
  local tries
  for ((tries = 0; tries < 100; tries++)); do
    HTTP=$(address http) POSTGRES=$(address postgres)
    [ -z "$HTTP" ] || ! curl -sf -o /dev/null "http://$HTTP/readyz" || return 0
    kill -0 "$SIDECAR_PID" 2>/dev/null || break
    sleep 0.1
  done
  cat "$CLUSTER_DIR/sidecar.log" >&2
  fail "the sidecar did not become ready"
}

write_env() {
  mkdir -p "$(dirname "$OUT")"
  (umask 077 && cat >"$OUT") <<ENV
PGHOST=$PGHOST
PGPORT=$PGPORT
PGUSER=postgres
PGDATABASE=shop
PGBIN=$PGBIN
CLUSTER_DIR=$CLUSTER_DIR
TENANCY_ADMIN_DSN=postgres://shop_dba:$DBA@127.0.0.1:$PGPORT/shop
TENANCY_APP_DSN=postgres://shop_app:$APP@127.0.0.1:$PGPORT/shop
TENANCY_HTTP=$HTTP
TENANCY_POSTGRES=$POSTGRES
SIDECAR_PID=$SIDECAR_PID
ENV
}

say_how() {
  say "ready. Addresses and passwords are in $OUT; for example:"
  say "  set -a; . $OUT; psql \$TENANCY_ADMIN_DSN -c 'TABLE tenancy.tenants'"
  say "make down ends it and removes its data"
}

main() {
  local dir
  parse "$@"
  if is_up; then
    say "it is up already, see $OUT (make down ends it)"
    return
  fi
  dir=$(mktemp -d "${TMPDIR:-/tmp}/tenancy.XXXXXX")
  "$ROOT/scripts/cluster.sh" start "$dir" "${OWNER[@]}" >/dev/null
  trap '"$ROOT/scripts/cluster.sh" stop "$CLUSTER_DIR"' EXIT
  set -a
  # shellcheck disable=SC1091
  source "$dir/env"
  set +a
  make_shops
  start_sidecar
  write_env
  trap - EXIT
  [ ${#OWNER[@]} -gt 0 ] || say_how
}

main "$@"
