#!/usr/bin/env bash
# Makes sure that everything is there which building, testing and the demo need: a Rust toolchain,
# PostgreSQL with its headers, libclang, a C compiler and curl. What is missing is installed with
# apt-get; where that cannot be, it says what is missing. Builds nothing and touches no database.
# usage: deps.sh [--clients]
#   --clients  also the drivers of other languages that the tests run: Python, Java, JavaScript
set -euo pipefail
# shellcheck source=scripts/env.sh
source "$(dirname "${BASH_SOURCE[0]}")/env.sh"

RUST_NEEDED=$(sed -n 's/^rust-version *= *"\(.*\)"/\1/p' "$ROOT/Cargo.toml")
CREATECLUSTER=/etc/postgresql-common/createcluster.d

require_rust() {
  local have
  command -v cargo >/dev/null ||
    fail "cargo is missing; get Rust from https://rustup.rs: curl --proto '=https' -sSf https://sh.rustup.rs | sh"
  have=$(rustc --version | cut -d' ' -f2)
  [ "$(printf '%s\n' "$RUST_NEEDED" "$have" | sort -V | head -n1)" = "$RUST_NEEDED" ] ||
    fail "Rust $RUST_NEEDED or newer is needed and $have is installed; run: rustup update stable"
}

# bindgen loads libclang at run time, so its presence as a file is what counts.
have_libclang() {
  compgen -G "${LIBCLANG_PATH:-/nowhere}/libclang*.so*" >/dev/null ||
    compgen -G '/usr/lib/llvm-*/lib/libclang*.so*' >/dev/null ||
    compgen -G '/usr/lib*/libclang*.so*' >/dev/null ||
    compgen -G '/usr/lib/*/libclang*.so*' >/dev/null
}

missing_tools() {
  command -v gcc >/dev/null || echo gcc
  command -v make >/dev/null || echo make
  command -v pkg-config >/dev/null || echo pkg-config
  command -v clang >/dev/null || echo clang
  command -v curl >/dev/null || echo curl
  [ -e /etc/ssl/certs/ca-certificates.crt ] || echo ca-certificates
  have_libclang || echo libclang-dev
}

has_psycopg() { python3 -c 'import psycopg' || /usr/bin/python3 -c 'import psycopg'; } >/dev/null 2>&1

# Java compiles the test's source when it runs it: a runtime without the compiler is not enough.
missing_clients() {
  has_psycopg || echo python3-psycopg
  command -v javac >/dev/null || echo default-jdk-headless
  [ -e /usr/share/java/postgresql.jar ] || echo libpostgresql-jdbc-java
  command -v node >/dev/null || echo nodejs
  command -v npm >/dev/null || echo npm
}

# A server that is installed already decides the version; else the newest one that apt offers.
wanted_version() {
  local version offered
  for ((version = NEWEST_PG; version >= OLDEST_PG; version--)); do
    if [ -x "/usr/lib/postgresql/$version/bin/postgres" ]; then echo "$version"; return; fi
  done
  offered=$(apt-cache pkgnames postgresql-server-dev- | sed 's/.*-//')
  for ((version = NEWEST_PG; version >= OLDEST_PG; version--)); do
    if grep -qx "$version" <<<"$offered"; then echo "$version"; return; fi
  done
  return 1
}

missing_postgresql() {
  local version
  version=$(wanted_version) ||
    fail "apt offers no PostgreSQL $OLDEST_PG to $NEWEST_PG; add https://apt.postgresql.org or set PG_CONFIG"
  [ -x "/usr/lib/postgresql/$version/bin/postgres" ] || echo "postgresql-$version"
  echo "postgresql-server-dev-$version"
}

apt() { ${SUDO:+"$SUDO"} env DEBIAN_FRONTEND=noninteractive apt-get -qq "$@" >&2; }

require_apt() {
  local wanted=$1
  command -v apt-get >/dev/null ||
    fail "missing: $wanted. There is no apt-get here; install them with this system's own tool"
  SUDO=
  is_root && return
  command -v sudo >/dev/null || fail "missing: $wanted. Neither root nor sudo; run as root: apt-get install $wanted"
  SUDO=sudo
}

# Debian's PostgreSQL package makes and starts a database cluster of its own. Nobody who runs our
# tests asked for one, so it is told not to, for this installation only.
install() {
  if ! printf '%s\n' "$@" | grep -qx 'postgresql-[0-9]*'; then
    apt install -y --no-install-recommends "$@"
    return
  fi
  local setting=$CREATECLUSTER/tenancy-setup.conf status=0
  ${SUDO:+"$SUDO"} mkdir -p "$CREATECLUSTER"
  echo 'create_main_cluster = false' | ${SUDO:+"$SUDO"} tee "$setting" >/dev/null
  apt install -y --no-install-recommends "$@" || status=$?
  ${SUDO:+"$SUDO"} rm -f "$setting"
  ${SUDO:+"$SUDO"} rmdir --ignore-fail-on-non-empty "$CREATECLUSTER"
  return "$status"
}

main() {
  local packages
  require_rust
  packages=$(missing_tools)
  case ${1:-} in
    '') ;;
    --clients) packages=$(printf '%s\n' "$packages" "$(missing_clients)" | grep .) || true ;;
    *) fail "unknown argument \"$1\"" ;;
  esac
  if find_pg_config >/dev/null && [ -z "$packages" ]; then return; fi
  [ -z "${PG_CONFIG:-}" ] || find_pg_config >/dev/null ||
    fail "PG_CONFIG=$PG_CONFIG is no PostgreSQL $OLDEST_PG to $NEWEST_PG with its server headers"

  require_apt "${packages//$'\n'/ } postgresql and postgresql-server-dev ($OLDEST_PG to $NEWEST_PG)"
  apt update
  find_pg_config >/dev/null || packages+=$'\n'$(missing_postgresql)
  mapfile -t packages < <(grep . <<<"$packages")
  say "installing: ${packages[*]}"
  install "${packages[@]}"
  require_pg
}

main "$@"
