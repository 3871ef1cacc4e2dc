#!/usr/bin/env bash
# Formatting and lints, warnings as errors: Rust in every crate, and the scripts where shellcheck
# is installed.
set -euo pipefail
# shellcheck source=scripts/env.sh
source "$(dirname "${BASH_SOURCE[0]}")/env.sh"

main() {
  require_pg
  cd "$ROOT"
  { cargo fmt --version && cargo clippy --version; } >/dev/null 2>&1 ||
    fail "rustfmt and clippy are needed; run: rustup component add rustfmt clippy"
  cargo fmt --all --check
  PGRX_PG_CONFIG_PATH=$PG_CONFIG cargo clippy -p tenancy --no-default-features \
    --features "pg$PG_MAJOR" -- -D warnings
  cargo clippy -p tenancy-core -p tenancy-sidecar -p tenancy-tests --all-targets -- -D warnings
  if command -v shellcheck >/dev/null; then
    shellcheck --external-sources scripts/*.sh docker/*.sh .ci/run
  else
    say "shellcheck is not installed: the scripts were not checked"
  fi
}

main "$@"
