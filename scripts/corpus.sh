#!/usr/bin/env bash
# Runs a corpus of cross-tenant attacks (a folder with cluster.sh, run.py and public/) against the
# extension that scripts/build.sh laid out, on a throw-away server of the corpus's own.
# usage: corpus.sh FOLDER POOL SCHEMAS [run.py arguments]
#   POOL      leave (leave(), then enter()) | switch (a gateway's connection)
#   SCHEMAS   readable (named like the tenant) | opaque
#   VARIANT=extension-without-hooks in the environment: what the privileges alone hold
#   AFTER     SQL that the superuser runs behind the installation
#   PYTHON    a Python with psycopg 3 (default python3)
# Ends with 0 when no attack leaks, 1 on leaks or errors, 77 when psycopg is missing.
set -euo pipefail
# shellcheck source=scripts/env.sh
source "$(dirname "${BASH_SOURCE[0]}")/env.sh"

corpus=$1 pool=$2 schemas=$3
shift 3
extension=$TARGET/${VARIANT:-extension}
python=${PYTHON:-python3}

"$python" -c 'from psycopg import pq' 2>/dev/null || {
  say "corpus.sh: $python has no psycopg 3; run: pip install 'psycopg[binary]'"
  exit 77
}
[ -x "$corpus/cluster.sh" ] || fail "no corpus in \"$corpus\""

ATTACK_RUN=$(mktemp -d)
export ATTACK_RUN PYTHONDONTWRITEBYTECODE=1
ATTACK_TENANCY_LIB=$extension/tenancy.so
ATTACK_TENANCY_SQL=$ATTACK_RUN/install.sql
export ATTACK_TENANCY_LIB ATTACK_TENANCY_SQL
[ "$pool" = leave ] || export ATTACK_TENANCY_POOL=$pool
[ "$schemas" = readable ] || export ATTACK_TENANCY_SCHEMAS=$schemas

end() {
  "$corpus/cluster.sh" stop >/dev/null 2>&1 || true
  rm -rf "$ATTACK_RUN"
}
trap end EXIT

# The server runs as another user, who may not be able to read the build.
library=$ATTACK_RUN/tenancy.so
{ cat "$extension"/tenancy--*.sql && printf '%s\n' "${AFTER:-}"; } >"$ATTACK_TENANCY_SQL"
chmod 755 "$ATTACK_RUN"
cp "$ATTACK_TENANCY_LIB" "$library"
chmod 755 "$library"
ATTACK_TENANCY_LIB=$library
"$corpus/cluster.sh" start --preload "$library" --port "$(free_port)" >"$ATTACK_RUN/start.log" 2>&1 ||
  fail "the corpus's server does not start: $(cat "$ATTACK_RUN/start.log")"
[ $# -gt 0 ] || set -- -q
"$python" "$corpus/run.py" --dialect tenancy "$@" "$corpus/public"
