#!/bin/sh
# The shared library exports exactly the functions that the public headers declare, which
# are those of tests/abi/functions.txt: one that goes, or comes unnoticed, shows there.
#   check_exports.sh BUILD_FOLDER [--update]
set -eu
library=$1/lib/libpflow.so
exported=$(nm -D --defined-only "$library" | awk '$2 == "T" { sub(/@.*/, "", $3); print $3 }' | sort)
others=$(nm -D --defined-only "$library" | awk '$2 != "T" && $2 != "A"')
declared=$(cat include/pflow/*.h | grep -v '^#' | tr '\n' ' ' |
  grep -oE 'PFLOW_API [^;]*;' | sed -E 's/^PFLOW_API [^(]*[ *](pflow_[a-z0-9_]+)\(.*/\1/' | sort)
[ -z "$others" ] || { echo "exported besides functions: $others"; exit 1; }
[ "$exported" = "$declared" ] || {
  echo "exported (<) and declared (>) differ:"
  printf '%s\n' "$exported" >"$1/exported.txt"
  printf '%s\n' "$declared" | diff "$1/exported.txt" - || true
  exit 1
}
listed=tests/abi/functions.txt
[ "${2:-}" != --update ] || printf '%s\n' "$exported" >$listed
printf '%s\n' "$exported" | diff $listed - || {
  echo "the functions differ from $listed (<); if that is meant: sh $0 $1 --update"
  exit 1
}
echo "$(printf '%s\n' "$exported" | wc -l) functions exported, all declared, no others"
