#!/usr/bin/env bash
# Switches off each guard of the extension in turn, in a build that can, and runs tests until one
# fails: prints `guard -> failing test`. Ends with an error when there is a guard that no test misses.
#
# Guards are the names in calls of mutant::disabled("layer.name") in the sources. tests/mutants.txt
# says which test is known to miss which guard, and is tried first; then the modules that are likely
# to, by layer; then the whole suite. As many guards are tried at a time as there are processors.
#
# usage: mutants.sh [--record] [GUARD]...
#   --record  write what was found to tests/mutants.txt
set -euo pipefail
# shellcheck source=scripts/env.sh
source "$(dirname "${BASH_SOURCE[0]}")/env.sh"

KNOWN=$ROOT/tests/mutants.txt
WORK=$(mktemp -d)
trap 'rm -rf "$WORK"' EXIT
unset TENANCY_MUTANT
export TENANCY_EXTENSION=extension-mutants RUST_BACKTRACE=0

# Modules of the suite whose tests are likely to miss a guard of the layer.
likely() {
  case $1 in
    lock) echo context:: gateway:: attacks:: random_walk:: suspension:: ;;
    scrub) echo scrub:: attacks:: gateway:: random_walk:: ;;
    catalog) echo catalog disguise:: corpus:: ;;
    function) echo function corpus:: ;;
    relation) echo relation guard wall:: corpus:: ;;
    utility) echo utility:: attacks:: corpus:: ;;
    ceiling) echo ceilings:: ;;
    alarm) echo alarm audit ;;
  esac
}

# The literal may stand on the line after the parenthesis.
guards() {
  grep -rhozE 'mutant::disabled\(\s*"[a-z_]+\.[a-z_0-9]+"' "$ROOT/extension" --include='*.rs' |
    tr -d ' \n' | tr '\0' '\n' | sed 's/.*"\(.*\)"/\1/' | sort -u
}

# The first test that fails among those that match, given as arguments of the test program.
first_failure() {
  local pid found='' out
  out=$(mktemp -p "$WORK")
  "$SUITE" "$@" >"$out" 2>&1 &
  pid=$!
  while kill -0 $pid 2>/dev/null && [ -z "$found" ]; do
    found=$(sed -n 's/^test \(.*\) \.\.\. FAILED$/\1/p' "$out" | head -1)
    sleep 0.1
  done
  kill $pid 2>/dev/null || true
  wait $pid 2>/dev/null || true
  sed -n 's/^test \(.*\) \.\.\. FAILED$/\1/p' "$out" | head -1
}

# The first test that fails without the guard and passes with it.
search() {
  local guard=$1 found again
  local skip=()
  shift
  while found=$(TENANCY_MUTANT=$guard first_failure "$@" "${skip[@]}") && [ -n "$found" ]; do
    again=$(first_failure "$found" --exact)
    [ -n "$again" ] || { echo "$found"; return; }
    say "$found fails with every guard in place"
    skip+=(--skip "$found")
  done
}

# The test that fails without this guard; nothing when there is none.
failing_test() {
  local guard=$1 known found=''
  known=$(sed -n "s/^${guard/./\\.} -> //p" "$KNOWN" 2>/dev/null || true)
  [ -z "$known" ] || found=$(TENANCY_MUTANT=$guard first_failure "$known" --exact)
  # shellcheck disable=SC2046 # one argument per module
  [ -n "$found" ] || found=$(search "$guard" $(likely "${guard%%.*}"))
  [ -n "$found" ] || found=$(search "$guard" --skip http:: --skip architecture::)
  echo "$found"
}

try() {
  local found
  found=$(failing_test "$1")
  echo "$1 -> ${found:-NO TEST}"
  if [ -n "$found" ]; then echo "$1 -> $found" >>"$WORK/found"; else echo "$1" >>"$WORK/unmissed"; fi
}

# In the order given, though they may end in another.
try_all() {
  local guard
  for guard in "$@"; do
    while [ "$(jobs -rp | wc -l)" -ge "$(nproc)" ]; do wait -n; done
    try "$guard" &
  done
  wait
}

# Nothing would be shown by a test that fails with every guard in place.
require_sound() {
  local tests
  mapfile -t tests < <(sed -n 's/.* -> //p' "$WORK/found" 2>/dev/null | sort -u)
  [ ${#tests[@]} -gt 0 ] || return 0
  "$SUITE" "${tests[@]}" --exact >"$WORK/sound" 2>&1 || { tail -30 "$WORK/sound" >&2; fail "tests fail with every guard in place"; }
}

# What was found, and what is known of other guards that there still are.
record() {
  { cat "$WORK/found" 2>/dev/null || true
    grep -Ff <(guards | sed 's/$/ -> /') "$KNOWN" | grep -vFf <(printf '%s -> \n' "$@") || true
  } | sort >"$WORK/known"
  cp "$WORK/known" "$KNOWN"
}

main() {
  local all record=''
  if [ "${1:-}" = --record ]; then record=1; shift; fi
  "$ROOT/scripts/build.sh" --mutants
  cd "$ROOT"
  SUITE=$(cargo test -p tenancy-tests --test suite --no-run --message-format=json 2>/dev/null |
    sed -n 's/.*"executable":"\([^"]*suite-[^"]*\)".*/\1/p' | tail -1)
  if [ $# -gt 0 ]; then all=("$@"); else mapfile -t all < <(guards); fi
  try_all "${all[@]}"
  require_sound
  [ -z "$record" ] || record "${all[@]}"
  [ ! -s "$WORK/unmissed" ] || fail "no test fails without: $(sort "$WORK/unmissed" | tr '\n' ' ')"
}

main "$@"
