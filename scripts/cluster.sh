#!/usr/bin/env bash
# Throw-away PostgreSQL clusters with the freshly built extension, without touching system folders.
#
# PostgreSQL looks for its libraries and extensions relative to its own executable. So a cluster
# gets a tree of its own: copies of the executables, links to all else, and the extension among it.
#
# usage: cluster.sh start DIR [--owner PID] [--extension DIR] [-c SETTING=VALUE]...
#                             DIR is made; with --owner, the cluster ends when that process does
#        cluster.sh halt DIR  the server stops, the data stay
#        cluster.sh resume DIR
#        cluster.sh stop DIR  the server stops, what is listed in DIR/owned ends, DIR is removed
#
# start prints, and writes to DIR/env, shell assignments: PGHOST (a folder with the socket),
# PGPORT (also on 127.0.0.1), PGUSER, PGDATABASE, PGBIN, CLUSTER_DIR.
# The superuser needs no password, over the socket only; everybody else needs one.
# TENANCY_CLUSTER_CONF in the environment names a file with more lines for postgresql.conf.
set -euo pipefail
# shellcheck source=scripts/env.sh
source "$(dirname "${BASH_SOURCE[0]}")/env.sh"

# Longest path PostgreSQL takes for a socket, less the file's own name.
SOCKET_DIR_MAX=90

link_all() { find "$1" -mindepth 1 -maxdepth 1 ! -name "${3:-}" -exec ln -s -t "$2" {} +; }

# The folder above everything PostgreSQL was installed into, as /usr or /usr/pgsql-16: paths below
# it must be the same in our tree, or the server would not find its own files.
common_parent() {
  local parent=$1 other
  for other in "$2" "$3"; do
    while [[ "$other/" != "$parent/"* ]]; do parent=$(dirname "$parent"); done
  done
  echo "${parent%/}"
}

make_tree() {
  local tree=$1 extension=$2 bin lib share parent
  bin=$("$PG_CONFIG" --bindir) lib=$("$PG_CONFIG" --pkglibdir) share=$("$PG_CONFIG" --sharedir)
  parent=$(common_parent "$bin" "$lib" "$share")
  bin=${bin#"$parent"} lib=${lib#"$parent"} share=${share#"$parent"}
  mkdir -p "$tree$bin" "$tree$lib" "$tree$share/extension"
  cp --reflink=auto "$parent$bin"/* "$tree$bin"
  link_all "$parent$lib" "$tree$lib" 'tenancy.so'
  link_all "$parent$share" "$tree$share" extension
  link_all "$parent$share/extension" "$tree$share/extension" 'tenancy*'
  # Copies: the checkout may lie where the server's user cannot read.
  cp --reflink=auto "$extension/tenancy.so" "$tree$lib"
  cp "$extension"/tenancy.control "$extension"/tenancy--*.sql "$tree$share/extension"
  chmod -R a+rX "$tree"
  PGBIN=$tree$bin
}

make_data() {
  as_server "$PGBIN/initdb" --pgdata="$1/data" --username=postgres --encoding=UTF8 \
    --locale=C.UTF-8 --auth=reject --no-sync --no-instructions >"$1/initdb.log" 2>&1 ||
    { cat "$1/initdb.log" >&2; fail "initdb failed"; }
  as_server tee "$1/data/pg_hba.conf" >/dev/null <<HBA
local all postgres                trust
local all all                     scram-sha-256
host  all postgres   127.0.0.1/32 reject
host  all all        127.0.0.1/32 scram-sha-256
HBA
  as_server tee -a "$1/data/postgresql.conf" >/dev/null <<CONF
listen_addresses = '127.0.0.1'
unix_socket_directories = '$1/socket'
max_connections = 200
shared_preload_libraries = 'tenancy'
log_line_prefix = '%m [%p] %q%u@%d '
# Thrown away after use: nothing is worth a wait for the disk.
fsync = off
synchronous_commit = off
full_page_writes = off
$([ -z "${TENANCY_CLUSTER_CONF:-}" ] || cat "$TENANCY_CLUSTER_CONF")
CONF
}

# Lines later in the file win, so settings given by the caller come last.
add_settings() {
  local dir=$1 setting value
  shift
  for setting in "$@"; do
    value=${setting#*=}
    printf "%s = '%s'\n" "${setting%%=*}" "${value//\'/\'\'}"
  done | as_server tee -a "$dir/data/postgresql.conf" >/dev/null
}

launch() {
  as_server "$PGBIN/pg_ctl" start --pgdata="$1/data" --log="$1/log" --wait --silent \
    --options="-p $2" </dev/null >/dev/null 2>>"$1/initdb.log"
}

# Another process may take the port between our look and the server's bind: then try another.
launch_on_free_port() {
  local try
  for try in 1 2 3 4 5; do
    PORT=$(free_port)
    if launch "$1" "$PORT"; then return; fi
    grep -q 'Address already in use' "$1/log" || break
    as_server truncate -s 0 "$1/log"
  done
  cat "$1/initdb.log" "$1/log" >&2 || true
  fail "the server did not start (attempt $try)"
}

write_env() {
  printf '%s=%q\n' PGHOST "$1/socket" PGPORT "$PORT" PGUSER postgres PGDATABASE postgres \
    PGBIN "$PGBIN" CLUSTER_DIR "$1" >"$1/env"
}

require_start() {
  # In a folder that all may write to, somebody else may have made one of that name before us.
  [ ! -e "$1" ] || { [ -O "$1" ] && [ -z "$(ls -A "$1")" ]; } || fail "\"$1\" is not empty, or not ours"
  [ ${#1} -le $SOCKET_DIR_MAX ] || fail "\"$1\" is too long a path for a socket; set TMPDIR to a shorter one"
  [ -f "$2/tenancy.so" ] || fail "there is no built extension in \"$2\"; run scripts/build.sh"
  ! is_root || id postgres >/dev/null 2>&1 || fail "PostgreSQL refuses to run as root, and there is no user postgres"
}

start() {
  local dir=$1 owner='' extension=$TARGET/extension settings=()
  shift
  while [ $# -gt 0 ]; do
    case $1 in
      --owner) owner=$2 ;;
      --extension) extension=$2 ;;
      -c) settings+=("$2") ;;
      *) fail "unknown argument \"$1\"" ;;
    esac
    shift 2
  done
  require_start "$dir" "$extension"
  require_pg
  [ -d "$dir" ] || mkdir -m 0700 "$dir"
  dir=$(cd "$dir" && pwd)
  mkdir "$dir/socket" "$dir/owned"
  : >"$dir/env"
  ! is_root || chown postgres "$dir" "$dir/socket"
  chmod 0700 "$dir"
  # From here on nothing is left behind: not by a failure, not by a killed owner.
  # shellcheck disable=SC2064
  trap "stop $(printf %q "$dir")" EXIT
  cd "$dir"
  as_server test -w "$dir" || fail "user postgres cannot reach \"$dir\"; set TMPDIR to a folder that it can"
  make_tree "$dir/pg" "$extension"
  make_data "$dir"
  add_settings "$dir" "${settings[@]}"
  launch_on_free_port "$dir"
  write_env "$dir"
  if [ -n "$owner" ]; then
    setsid "$ROOT/scripts/cluster.sh" watch "$dir" "$owner" </dev/null >/dev/null 2>&1 &
  fi
  trap - EXIT
  cat "$dir/env"
}

# Polled, because the owner may be killed in a way that runs none of its code.
watch() {
  while kill -0 "$2" 2>/dev/null && [ -d "$1" ]; do sleep 0.2; done
  [ ! -d "$1" ] || stop "$1"
}

use() {
  [ -f "$1/env" ] || fail "\"$1\" holds no cluster of ours"
  cd "$1"
  # shellcheck disable=SC1091
  source "$1/env"
}

halt() {
  use "$1"
  as_server "$PGBIN/pg_ctl" stop --pgdata="$1/data" --mode="${2:-fast}" --silent --wait
}

resume() {
  use "$1"
  launch "$1" "$PGPORT" || { tail "$1/log" >&2; fail "the server did not start"; }
}

# Processes that belong to the cluster's user, as a sidecar: each has left its pid as a file's name.
end_owned() {
  local pid tries
  for pid in "$1"/owned/*; do
    pid=$(basename "$pid")
    kill "$pid" 2>/dev/null || continue
    for ((tries = 0; tries < 50; tries++)); do
      kill -0 "$pid" 2>/dev/null || continue 2
      sleep 0.1
    done
    kill -KILL "$pid" 2>/dev/null || true
  done
}

stop() {
  trap - EXIT
  use "$1"
  end_owned "$1"
  if [ -s "$1/data/postmaster.pid" ]; then
    as_server "${PGBIN:-$(find "$1/pg" -name bin)}/pg_ctl" stop --pgdata="$1/data" --mode=immediate --silent --wait || true
  fi
  cd /
  rm -rf "${1:?}"
}

main() {
  [ $# -ge 2 ] || { sed -n '/^# usage/,/^set/{/^set/d;s/^# \{0,1\}//;p}' "$0" >&2; exit 2; }
  case $1 in
    start | halt | resume | stop | watch) "$@" ;;
    *) fail "unknown command \"$1\"" ;;
  esac
}

main "$@"
