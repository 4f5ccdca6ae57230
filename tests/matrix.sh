#!/bin/sh
# Runs the test programs in every way in which the library is meant to work, and ends with
# a line "N passed, N failed", which counts programs.
#
#   sh tests/matrix.sh [WAY ...]          all ways, or those named, in build/matrix
#
#   levels     with the kernels of each CPU level that this processor has
#   threads    with a default pool of 1, 2, 3 and 7 threads
#   address    under the address and undefined-behaviour sanitizers (clang)
#   thread     under the thread sanitizer (clang)
#   memory     under the memory sanitizer (clang), which does not see what the libraries
#              write that were not built with it: without the programs that read by zlib
#              or jansson, or look at LAPACK's eigenvectors themselves
#   valgrind   under memcheck, which has no AVX-512: at level avx2
#   aarch64    cross-compiled and under qemu
#   sweep      the kernels' exponentials and logarithms at every float there is, maps of
#              4,096 values by every method, and convolutions of 5,000 random shapes at
#              each CPU level, in plain C most of them small (an hour)
#
# ONLY=REGEX takes only the programs whose names match. valgrind and aarch64 leave out the
# tests that are tagged "long" (tests/support/suite.h), unless LONG is set.
set -u
cd "$(dirname "$0")/.." || exit 1
. cmake/need.sh
target_packages="libopenblas-dev libjansson-dev zlib1g-dev libcairo2-dev check"
tools="python3 python3-numpy"
ways=${*:-levels threads address thread memory valgrind aarch64 sweep}
for way in $ways; do
  case $way in
    levels | threads | sweep) ;;
    address | thread | memory) tools="$tools clang libclang-rt-dev" ;;
    valgrind) tools="$tools valgrind" ;;
    aarch64) tools="$tools qemu-user gcc-aarch64-linux-gnu" ;;
    *) echo "no way '$way'; the first lines of $0 list them" >&2; exit 2 ;;
  esac
done
# shellcheck disable=SC2086,SC2154 # one word a package
need_packages $build_packages $tools
mkdir -p build/matrix
top=$(pwd)/build/matrix
only=${ONLY:-^(test_|fuzz_|long_run)}
passed=0 failed=0
export CK_TIMEOUT_MULTIPLIER=30
too_long=long
[ -z "${LONG:-}" ] || too_long=

# build FOLDER CMAKE_OPTION...: quietly, unless it fails.
build() {
  folder=$1
  shift
  if cmake -S . -B "$folder" -DPFLOW_BUILD_EXAMPLES=OFF -DPFLOW_TEST_TIMEOUT=7200 "$@" >"$folder.log" 2>&1 &&
    cmake --build "$folder" -j "$(nproc)" >>"$folder.log" 2>&1; then
    return 0
  fi
  tail -n 40 "$folder.log"
  failed=$((failed + 1))
  return 1
}

# programs TITLE FOLDER [CTEST_OPTION...]: runs the folder's programs and counts them.
programs() {
  title=$1 folder=$2
  shift 2
  log=$top/$title.log
  begun=$(date +%s)
  (cd "$folder" && ctest --output-on-failure -j "$(nproc)" -R "$only" "$@") \
    >"$log" 2>&1
  status=$?
  good=$(grep -c '^ *[0-9]*/[0-9]* Test .* Passed ' "$log")
  bad=$(grep -c '^ *[0-9]*/[0-9]* Test .*\*\*\*' "$log")
  passed=$((passed + good)) failed=$((failed + bad))
  echo "$title: $good passed, $bad failed ($(($(date +%s) - begun)) s, $log)"
  grep '^ *[0-9]*/[0-9]* Test .*\*\*\*' "$log"
  [ $((good + bad)) -gt 0 ] || { echo "$title: no test was run"; failed=$((failed + 1)); }
  [ "$status" -eq 0 ] || [ "$bad" -gt 0 ] || {
    echo "$title: ctest did not come to its end"
    failed=$((failed + 1))
  }
}

# at_levels TITLE: the plain programs at every level that there is.
at_levels() {
  build "$top/plain" || return
  for level in reference neon avx2 avx512; do
    have=$(PFLOW_CPU=$level "$top/plain/bin/pflow" --version | sed -n 's/^kernel level //p')
    if [ "$have" = "$level" ]; then
      PFLOW_CPU=$level programs "$1-$level" "$top/plain"
    else
      echo "$1-$level: skipped, not a level of this processor"
    fi
  done
}

way_levels() {
  at_levels levels
}

# test_exp and test_exact_kernels go through all levels by themselves.
way_sweep() {
  build "$top/plain" || return
  export PFLOW_TEST_SWEEP=1
  usual=$only only='^test_(exp|exact_kernels|odd_rows)$'
  programs sweep "$top/plain"
  only='^test_conv2d_ways$'
  at_levels sweep
  only=$usual
  unset PFLOW_TEST_SWEEP
}

way_threads() {
  build "$top/plain" || return
  for count in 1 2 3 7; do
    PFLOW_THREADS=$count programs "threads-$count" "$top/plain"
  done
}

way_address() {
  CC=clang build "$top/address" -DPFLOW_SANITIZE=address,undefined \
    -DCMAKE_BUILD_TYPE=RelWithDebInfo || return
  programs address "$top/address"
}

# The CBLAS's own threads are not instrumented.
way_thread() {
  CC=clang build "$top/thread" -DPFLOW_SANITIZE=thread \
    -DCMAKE_BUILD_TYPE=RelWithDebInfo || return
  OPENBLAS_NUM_THREADS=1 programs thread "$top/thread"
}

way_memory() {
  blind="_io|_idx|_archive|_checkpoint|_json_load|_net_describe|_safetensors|_file_limit"
  blind="$blind|test_map(_(hostile|limits|network|post|resume))?|fuzz_map|long_run|_eigen"
  CC=clang build "$top/memory" -DPFLOW_SANITIZE=memory \
    -DCMAKE_BUILD_TYPE=RelWithDebInfo || return
  programs memory "$top/memory" -E "($blind)\$"
}

# Blocks of the CBLAS's threads are "possibly lost": only those that are lost count.
way_valgrind() {
  memcheck="valgrind;-q;--error-exitcode=9;--leak-check=full"
  memcheck="$memcheck;--show-leak-kinds=definite;--errors-for-leak-kinds=definite"
  build "$top/valgrind" -DCMAKE_BUILD_TYPE=RelWithDebInfo \
    -DCMAKE_CROSSCOMPILING_EMULATOR="$memcheck" || return
  CK_EXCLUDE_TAGS=$too_long PFLOW_CPU=avx2 programs valgrind "$top/valgrind"
}

way_aarch64() {
  # shellcheck disable=SC2086 # one word a package
  if ! sh tests/support/aarch64_root.sh "$top/aarch64-root" $target_packages; then
    tail -n 20 "$top/aarch64-root/apt/log"
    failed=$((failed + 1))
    return
  fi
  build "$top/aarch64" -DCMAKE_TOOLCHAIN_FILE="$top/aarch64-root/aarch64.cmake" || return
  CK_EXCLUDE_TAGS=$too_long programs aarch64 "$top/aarch64"
}

for way in $ways; do
  "way_$way"
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
