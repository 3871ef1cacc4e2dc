#!/usr/bin/env bash
# Runs all tests: of the parts that need no server, and of the whole against throw-away servers.
# The extension has to be built before (scripts/build.sh); cargo alone would not notice a stale one.
set -euo pipefail
# shellcheck source=scripts/env.sh
source "$(dirname "${BASH_SOURCE[0]}")/env.sh"

cd "$ROOT"
scripts/deps.sh --clients
scripts/build.sh --without-hooks
cargo test -p tenancy-core -p tenancy-sidecar -p tenancy-tests "$@"
