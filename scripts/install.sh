#!/usr/bin/env bash
# Installs the release build of the extension into PostgreSQL's own folders, and the sidecar into
# PREFIX/bin (default /usr/local). Asks sudo where it may not write. Changes no setting of any
# server: shared_preload_libraries is the administrator's to set.
set -euo pipefail
# shellcheck source=scripts/env.sh
source "$(dirname "${BASH_SOURCE[0]}")/env.sh"

put() {
  local folder=$1 sudo=
  shift
  [ -w "$folder" ] || sudo=sudo
  $sudo install -m 0644 "$@" "$folder"
}

main() {
  local prefix=${PREFIX:-/usr/local} built=$TARGET/extension-release sudo=
  require_pg
  put "$("$PG_CONFIG" --pkglibdir)" "$built/tenancy.so"
  put "$("$PG_CONFIG" --sharedir)/extension" "$built/tenancy.control" "$built"/tenancy--*.sql
  [ -w "$prefix/bin" ] || sudo=sudo
  $sudo install -m 0755 "$TARGET/release/tenancy" "$prefix/bin"
  echo "installed for PostgreSQL $PG_MAJOR, and $prefix/bin/tenancy"
  echo "next: shared_preload_libraries = 'tenancy' in postgresql.conf, a restart, CREATE EXTENSION tenancy"
}

main "$@"
