#!/bin/sh
# Builds libpflow and runs every test. Ends with a line "N passed, N failed".
#
#   sh tests/run.sh [BUILD_FOLDER [CMAKE_OPTION ...]]      default folder: build
set -u
cd "$(dirname "$0")/.." || exit 1
. cmake/need.sh
# shellcheck disable=SC2086
need_packages $build_packages python3 python3-numpy
build=${1:-build}
[ $# -gt 0 ] && shift

echo "building; log: $build.log"
cmake -S . -B "$build" -DPFLOW_BUILD_TESTS=ON -DPFLOW_BUILD_EXAMPLES=ON "$@" >"$build.log" 2>&1 &&
  cmake --build "$build" -j "$(nproc)" >>"$build.log" 2>&1 || {
  tail -n 40 "$build.log"
  echo "the build failed; the whole log is $build.log"
  echo "0 passed, 1 failed"
  exit 1
}
mv "$build.log" "$build/build.log"

log=$build/tests.log
echo "testing; log: $log"
(cd "$build" && ctest -V -j "$(nproc)") 2>&1 | tee "$log" | grep --line-buffered -E '^ *[0-9]+/[0-9]+ Test '
grep -E '^[0-9]+: .*:[FE]:' "$log"
grep -E '^[0-9]+: skipped: ' "$log"

# Check programs count their single tests; a script or example counts as one.
awk '
  /^[0-9]+: [0-9]+%: Checks: / {
    gsub(/,/, ""); checks = $4; bad = $6 + $8
    split($1, id, ":"); counted[id[1]] = 1
    passed += checks - bad; failed += bad
  }
  / Test +#[0-9]+: / {
    match($0, /#[0-9]+/); id1 = substr($0, RSTART + 1, RLENGTH - 1)
    if ($0 ~ /Skipped/) skipped++
    else if (!(id1 in counted)) { if ($0 ~ / Passed /) passed++; else failed++ }
    else if ($0 !~ / Passed / && !failed) failed++
  }
  / tests passed, / { ended = 1 }
  END {
    if (!ended) { print "ctest did not come to its end"; failed++ }
    if (skipped) printf "%d passed, %d failed, %d skipped\n", passed, failed, skipped
    else printf "%d passed, %d failed\n", passed, failed
    exit failed > 0 || passed == 0
  }' "$log"
