#!/usr/bin/env bash
# Ends what scripts/up.sh started, and removes its data. Does nothing when nothing is up.
# usage: down.sh [ENV-FILE]
set -euo pipefail
# shellcheck source=scripts/env.sh
source "$(dirname "${BASH_SOURCE[0]}")/env.sh"

main() {
  local env=${1:-$TARGET/up.env} dir
  [ -f "$env" ] || { say "nothing is up"; return; }
  dir=$(sed -n 's/^CLUSTER_DIR=//p' "$env")
  # After a reboot the file is still there and the cluster is not.
  [ ! -d "$dir" ] || "$ROOT/scripts/cluster.sh" stop "$dir"
  rm -f "$env"
}

main "$@"
