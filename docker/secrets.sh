#!/usr/bin/env bash
# Makes a random password for each login of compose.yaml, in docker/secrets. Keeps those that are there.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

mkdir -p secrets
# Nobody else reads them here; inside a container, whose user is another one, the file alone counts.
chmod 0700 secrets
for login in superuser dba app gateway resolver; do
  [ -s "secrets/$login" ] || od -An -N16 -tx1 /dev/urandom | tr -d ' \n' >"secrets/$login"
  chmod 0444 "secrets/$login"
done
