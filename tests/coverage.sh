#!/bin/sh
# Lines and branches of lib/ that the tests reach, by gcovr.
#
#   sh tests/coverage.sh [FOLDER]         default build/coverage; a page with every line is
#                                         left in FOLDER/page
#
# Status 1 if it is less than 95 % of lines or 85 % of branches, or if a test fails.
set -eu
start=$PWD
cd "$(dirname "$0")/.."
. cmake/need.sh
# shellcheck disable=SC2086,SC2154 # one word a package
need_packages $build_packages python3 python3-numpy gcovr
folder=build/coverage status=0
case ${1:-} in '') ;; /*) folder=$1 ;; *) folder=$start/$1 ;; esac
mkdir -p "$folder/page"
build() {
  CC=gcc cmake -S . -B "$folder" -DCMAKE_BUILD_TYPE=Debug \
    -DCMAKE_C_FLAGS="--coverage -O1 -fprofile-update=atomic" -DPFLOW_TEST_TIMEOUT=3600 &&
    cmake --build "$folder" -j "$(nproc)"
}
build >"$folder/build.log" 2>&1 || { tail -n 40 "$folder/build.log"; exit 1; }
find "$folder" -name '*.gcda' -delete
export GCOV_ERROR_FILE=/dev/null # tests have full disks, and count what is said of them
(cd "$folder" && CK_TIMEOUT_MULTIPLIER=10 ctest -j "$(nproc)") >"$folder/tests.log" 2>&1 || {
  echo "some tests failed: $folder/tests.log"
  status=1
}
gcovr --root . --object-directory "$folder" --filter 'lib/' --exclude-unreachable-branches \
  --txt "$folder/coverage.txt" --html-details "$folder/page/index.html" \
  --print-summary --fail-under-line 95 --fail-under-branch 85 || status=1
exit $status
