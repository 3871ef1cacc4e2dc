# Sourced by the other scripts: where the checkout, the build and PostgreSQL are.
# It looks and decides; it installs, builds and starts nothing.
# shellcheck shell=bash

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck disable=SC2034 # the scripts that source this file use it
TARGET=${CARGO_TARGET_DIR:-$ROOT/target}
NEWEST_PG=18
OLDEST_PG=15

# rustup changes PATH for new shells only; the shell it was installed from should work as well.
case ":$PATH:" in
  *":$HOME/.cargo/bin:"*) ;;
  *) PATH=$PATH:$HOME/.cargo/bin ;;
esac

say() { printf '%s\n' "$*" >&2; }
fail() { say "error: $*"; exit 1; }
is_root() { [ "$(id -u)" -eq 0 ]; }

# PostgreSQL refuses to run as root, so root hands the server to the user that packages make for it.
as_server() {
  if is_root; then runuser -u postgres -- "$@"; else "$@"; fi
}

pg_major() { "$1" --version | sed -n 's/^PostgreSQL \([0-9]*\).*/\1/p'; }

# Complete: the server and the headers that extensions are built with, of a version we know.
pg_complete() {
  [ -x "$1" ] || return 1
  local major
  major=$(pg_major "$1")
  [ "${major:-0}" -ge $OLDEST_PG ] && [ "$major" -le $NEWEST_PG ] &&
    [ -x "$("$1" --bindir)/postgres" ] && [ -f "$("$1" --includedir-server)/postgres.h" ]
}

# PG_CONFIG when it is set, else the newest complete PostgreSQL in the places where packages put it.
find_pg_config() {
  local version candidate
  if [ -n "${PG_CONFIG:-}" ]; then
    pg_complete "$PG_CONFIG" && printf '%s\n' "$PG_CONFIG"
    return
  fi
  for ((version = NEWEST_PG; version >= OLDEST_PG; version--)); do
    for candidate in /usr/lib/postgresql/$version/bin/pg_config /usr/pgsql-$version/bin/pg_config; do
      if pg_complete "$candidate"; then printf '%s\n' "$candidate"; return; fi
    done
  done
  candidate=$(command -v pg_config || true)
  pg_complete "$candidate" && printf '%s\n' "$candidate"
}

# Sets PG_CONFIG and PG_MAJOR, or ends with what to do about it.
require_pg() {
  PG_CONFIG=$(find_pg_config) || fail "no PostgreSQL $OLDEST_PG to $NEWEST_PG with its server headers was found (run scripts/deps.sh, or set PG_CONFIG)"
  PG_MAJOR=$(pg_major "$PG_CONFIG")
  export PG_CONFIG PG_MAJOR
}

# Below the range from which the system takes ports for outgoing connections.
free_port() {
  local port
  while port=$((20000 + RANDOM % 12000)); do
    (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || { echo "$port"; return; }
  done
}
