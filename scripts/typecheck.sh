#!/usr/bin/env bash
# Type-checks the extension for the versions of PostgreSQL that are not installed here. pgrx ships
# ready-made bindings for its documentation builds; the check uses those in place of the headers.
# It shows that the code compiles for a version, not that it works there.
# usage: typecheck.sh [MAJOR]...
set -euo pipefail
# shellcheck source=scripts/env.sh
source "$(dirname "${BASH_SOURCE[0]}")/env.sh"

# Cargo calls rustc through this: only pgrx's bindings are to take themselves for documentation,
# so the flag cannot be a global one.
write_wrapper() {
  cat >"$1" <<'WRAPPER'
#!/bin/sh
rustc=$1
shift
case " $* " in
  *" --crate-name pgrx_pg_sys "*) exec "$rustc" "$@" --cfg docsrs ;;
  *) exec "$rustc" "$@" ;;
esac
WRAPPER
  chmod +x "$1"
}

check() {
  say "type-checking for PostgreSQL $1"
  RUSTC_WRAPPER=$CARGO_TARGET_DIR/rustc-for-docs RUSTC_BOOTSTRAP=1 DOCS_RS=1 \
    RUSTFLAGS='' cargo check -p tenancy --target "$(rustc -vV | sed -n 's/^host: //p')" \
    --no-default-features --features "pg$1"
}

main() {
  local version
  export CARGO_TARGET_DIR=$TARGET/typecheck
  mkdir -p "$CARGO_TARGET_DIR"
  cd "$ROOT"
  write_wrapper "$CARGO_TARGET_DIR/rustc-for-docs"
  [ $# -gt 0 ] || set -- 16 17 18
  for version in "$@"; do check "$version"; done
}

main "$@"
