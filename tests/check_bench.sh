#!/bin/sh
# Every job of tests/bench/compare.sh runs at tiny sizes on both sides, and its tables can be
# printed: this measures nothing. The peer is left out where python3-torch is missing.
set -eu
build=${1:-build}
command -v python3 >/dev/null || { echo "skipped: no python3"; exit 77; }
[ -x "$build/bin/bench_peak" ] || { echo "skipped: no bench programs in $build"; exit 77; }
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
failed=0

peer=
if ! /usr/bin/python3 -c 'import torch, numpy' 2>/dev/null; then
  echo "the peer is left out: python3-torch or python3-numpy is missing"
  peer=--no-peer
fi

# run NAME OPTION ...: compare.py must succeed and keep to 100 columns.
run() {
  name=$1
  shift
  # shellcheck disable=SC2086
  /usr/bin/python3 tests/bench/compare.py --build "$build" --tiny --rounds 1 \
    --plot "$scratch/plot.png" --json "$scratch/compare.json" "$@" >"$scratch/log" 2>&1 || {
    echo "FAILED  $name:"
    cat "$scratch/log"
    failed=1
  }
  if grep -q '.\{101\}' "$scratch/log"; then
    echo "FAILED  $name: lines beyond 100 columns:"
    grep '.\{101\}' "$scratch/log"
    failed=1
  fi
}

# shellcheck disable=SC2086
run jobs $peer
run threads --threads-scaling --no-peer --jobs field_step
run scale --scale --no-peer --jobs field_step,knn
[ -s "$scratch/plot.png" ] || { echo "FAILED  no picture of the scaling"; failed=1; }

# The page's tables come from the JSON, between its markers, as often as one likes.
sed '/^<!-- bench: /,/^<!-- end -->/{/^<!--/!d}' docs/performance.md >"$scratch/page.md"
/usr/bin/python3 tests/bench/report.py "$scratch/compare.json" "$scratch/page.md"
cp "$scratch/page.md" "$scratch/again.md"
/usr/bin/python3 tests/bench/report.py "$scratch/compare.json" "$scratch/again.md"
cmp "$scratch/page.md" "$scratch/again.md" || failed=1
grep -q '^train step' "$scratch/page.md" || { echo "FAILED  no table in the page"; failed=1; }

# A program that is missing is an error that names it.
mkdir "$scratch/bin"
cp "$build/bin/bench_peak" "$scratch/bin"
if /usr/bin/python3 tests/bench/compare.py --build "$scratch" --tiny --rounds 1 --no-peer \
  >"$scratch/log" 2>&1 || ! grep -q 'is missing' "$scratch/log"; then
  echo "FAILED  a missing program is no error:"
  cat "$scratch/log"
  failed=1
fi
exit $failed
