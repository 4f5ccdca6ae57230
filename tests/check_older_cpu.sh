#!/bin/sh
# Processors without AVX-512, and without AVX: nothing that they lack is executed, not even
# in front of the choice of kernels, and the rows come out the same but for rounding.
#   check_older_cpu.sh BUILD_FOLDER        77: skipped
set -eu
pflow=$(cd "$1" && pwd)/bin/pflow
if ! command -v qemu-x86_64 >/dev/null || [ "$(uname -m)" != x86_64 ]; then
  echo "skipped: no qemu-x86_64 (Debian: qemu-user), or another processor"
  exit 77
fi
if grep -q '^PFLOW_SANITIZE:[^=]*=.' "$1/CMakeCache.txt"; then
  echo "skipped: sanitizers do not run under qemu"
  exit 77
fi
. tests/support/python.sh
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"$python" tests/support/make_clusters.py "$folder" 60 40 4 3
cd "$folder"
export OPENBLAS_NUM_THREADS=1
settings="--in X.npy --dims 3 --aug 3 --start 1 --strength 1 --threads 1"

# on CPU COMMAND...: as that processor, whose kernels the BLAS must be told as well.
on() {
  cpu=$1
  shift
  OPENBLAS_CORETYPE=$cpu qemu-x86_64 -cpu "$cpu" "$pflow" "$@" 2>log || {
    echo "FAILED  $cpu: $(tail -n 1 log)" >&2
    exit 1
  }
}

# shellcheck disable=SC2086 # one word an option
"$pflow" fit $settings --out here.safetensors >/dev/null 2>&1
"$pflow" transform --map here.safetensors --in X2.npy --out here.npy >/dev/null 2>&1
for expected in Nehalem:reference Haswell:avx2; do
  cpu=${expected%:*}
  on "$cpu" --version | grep -q "kernel level ${expected#*:}" || {
    echo "FAILED  $cpu has another level than ${expected#*:}"
    exit 1
  }
  # shellcheck disable=SC2086
  on "$cpu" fit $settings --out "$cpu.safetensors" >/dev/null
  on "$cpu" transform --map "$cpu.safetensors" --in X2.npy --out "$cpu.npy" >/dev/null
  "$python" - "$cpu" <<'PYTHON'
import sys

import numpy as np

here, there = np.load("here.npy"), np.load(sys.argv[1] + ".npy")
worst = float(np.abs(here - there).max())
assert worst < 1e-3, f"{sys.argv[1]}: off by {worst}"
print(f"{sys.argv[1]}: off by {worst:.1g}")
PYTHON
done
