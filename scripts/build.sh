#!/usr/bin/env bash
# Builds the extension and the sidecar with plain cargo and lays out what PostgreSQL loads:
# the library, the control file and the SQL script assembled from sql/. Installs nothing.
# usage: build.sh [--release [--without-sidecar] | --without-hooks | --mutants]
#   --release        for installing and for measuring: target/extension-release
#   --without-hooks  for one family of tests, the extension only: target/extension-without-hooks
#   --mutants        guards can be switched off, the extension only: target/extension-mutants
set -euo pipefail
# shellcheck source=scripts/env.sh
source "$(dirname "${BASH_SOURCE[0]}")/env.sh"

VARIANT=${1:-}
PARTS=${2:-}
PROFILE=debug
CARGO_PROFILE=()
FEATURES=
EXTENSION=$TARGET/extension$([ -z "$VARIANT" ] || echo "-${VARIANT#--}")

choose_variant() {
  case $VARIANT in
    '') ;;
    --release) PROFILE=release CARGO_PROFILE=(--release) ;;
    --without-hooks) FEATURES=,without_hooks ;;
    --mutants) FEATURES=,mutants ;;
    *) fail "unknown argument \"$VARIANT\"" ;;
  esac
  case $PARTS in
    '' | --without-sidecar) ;;
    *) fail "unknown argument \"$PARTS\"" ;;
  esac
}

build() {
  cd "$ROOT"
  PGRX_PG_CONFIG_PATH=$PG_CONFIG cargo build "${CARGO_PROFILE[@]}" -p tenancy \
    --no-default-features --features "pg$PG_MAJOR$FEATURES"
  [ -n "$FEATURES$PARTS" ] || cargo build "${CARGO_PROFILE[@]}" -p tenancy-sidecar
}

# All variants come out under one name, so each build of the one makes cargo link the other anew.
# Those that few tests need are made only when something has changed.
is_fresh() {
  [ -n "$FEATURES" ] && [ -f "$EXTENSION/tenancy.so" ] &&
    [ -z "$(find "$ROOT/extension" "$ROOT/sql" "$ROOT/Cargo.lock" -newer "$EXTENSION/tenancy.so" -type f -print -quit)" ]
}

# One file per topic is for people; CREATE EXTENSION wants a single script.
assemble_sql() {
  local topic
  printf '%s\n' '\echo Use "CREATE EXTENSION tenancy" to load this file. \quit'
  while read -r topic; do
    printf '\n-- sql/%s\n' "$topic"
    cat "$ROOT/sql/$topic"
  done < <(grep -v '^#' "$ROOT/sql/ORDER" | grep .)
}

# A running server may have the old library mapped: replace the file, never write into it.
replace() { cp --reflink=auto "$1" "$2.new" && mv -f "$2.new" "$2"; }

lay_out() {
  local version
  version=$(sed -n "s/^default_version *= *'\(.*\)'/\1/p" "$ROOT/extension/tenancy.control")
  mkdir -p "$EXTENSION"
  rm -f "$EXTENSION"/tenancy--*.sql
  assemble_sql >"$EXTENSION/tenancy--$version.sql"
  find "$ROOT/sql" -maxdepth 1 -name 'tenancy--*--*.sql' -exec cp {} "$EXTENSION" \;
  cp "$ROOT/extension/tenancy.control" "$EXTENSION"
  replace "$TARGET/$PROFILE/libtenancy.so" "$EXTENSION/tenancy.so"
}

choose_variant
if ! is_fresh; then
  require_pg
  build
  lay_out
fi
