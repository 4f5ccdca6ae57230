# need.sh - sourced by the scripts: makes sure that Debian packages are there.
#
#   need_packages gcc cmake ...     installs what is missing through apt where it can;
#                                   otherwise names it and ends the script with status 1
#   have_package NAME               true if it is installed

have_package() {
  [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

# Runs apt-get as root: directly, or by a sudo that asks nothing.
as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi
}

can_install() {
  command -v apt-get >/dev/null && { [ "$(id -u)" = 0 ] || sudo -n true 2>/dev/null; }
}

install_packages() {
  export DEBIAN_FRONTEND=noninteractive
  as_root apt-get install -y --no-install-recommends "$@" >/dev/null 2>&1 && return
  as_root apt-get update >/dev/null 2>&1
  as_root apt-get install -y --no-install-recommends "$@" >/dev/null
}

need_packages() {
  if ! command -v dpkg-query >/dev/null; then
    echo "not a Debian system: make sure that these are installed: $*" >&2
    return 0
  fi
  missing=
  for package in "$@"; do
    have_package "$package" || missing="$missing $package"
  done
  [ -n "$missing" ] || return 0
  echo "installing:$missing" >&2
  # shellcheck disable=SC2086 # one word a package
  if can_install && install_packages $missing; then return 0; fi
  echo "these packages are missing and cannot be installed from here:$missing" >&2
  echo "as root: apt-get install$missing" >&2
  exit 1
}

# What it takes to build the library with its examples and tests.
build_packages="gcc libc6-dev cmake make pkg-config libopenblas-dev libjansson-dev \
zlib1g-dev libcairo2-dev check"
