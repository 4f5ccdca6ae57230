#!/bin/sh
# Processors without AVX-512, and without AVX: nothing that they lack is executed, not even
# in front of the choice of kernels, and the rows come out the same but for rounding: maps
# of an exact and of a learned field, and measures of rows. What trains there are tests of
# small networks, as that of a map takes minutes to emulate.
#   check_older_cpu.sh BUILD_FOLDER        77: skipped
set -eu
bin=$(cd "$1" && pwd)/bin
pflow=$bin/pflow
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
fit="fit --in X.npy --dims 3 --aug 3 --start 1 --strength 1 --threads 1"

# on CPU PROGRAM...: as that processor, whose kernels the BLAS must be told as well.
on() {
  cpu=$1
  shift
  OPENBLAS_CORETYPE=$cpu qemu-x86_64 -cpu "$cpu" "$@" 2>log || {
    echo "FAILED  $cpu: $(tail -n 1 log)" >&2
    exit 1
  }
}

# results NAME PFLOW...: what that pflow makes of the rows.
results() {
  name=$1
  shift
  # shellcheck disable=SC2086 # one word an option
  "$@" $fit --field exact --out exact.safetensors >/dev/null
  for field in exact network; do
    "$@" transform --map $field.safetensors --in X2.npy --out "$name.$field.npy" >/dev/null
  done
  "$@" eval --in X.npy --labels y.npy --json >"$name.json"
}

# shellcheck disable=SC2086
"$pflow" $fit --field network --steps 20 --out network.safetensors >/dev/null
results here "$pflow"
for expected in Nehalem:reference Haswell:avx2; do
  cpu=${expected%:*}
  on "$cpu" "$pflow" --version | grep -q "kernel level ${expected#*:}" || {
    echo "FAILED  $cpu has another level than ${expected#*:}"
    exit 1
  }
  results "$cpu" on "$cpu" "$pflow"
  for test in test_train_rules test_denoiser_io; do
    (on "$cpu" "$bin/$test" >out) || { echo "$test:"; tail -n 5 out; exit 1; }
  done
  "$python" - "$cpu" <<'PYTHON'
import json
import sys

import numpy as np


def numbers(value):
    """All numbers of a JSON value, in the order of its keys."""
    if isinstance(value, (dict, list)):
        parts = [value[k] for k in sorted(value)] if isinstance(value, dict) else value
        return [number for part in parts for number in numbers(part)]
    return [value] if isinstance(value, (int, float)) else []


def worst(name, end, read):
    here, there = (np.array(read(f"{one}.{end}")) for one in ("here", name))
    assert here.shape == there.shape and here.size > 10, f"{end}: {here.shape}, {there.shape}"
    return float(np.abs(here - there).max())


def measures(path):
    with open(path) as file:
        return numbers(json.load(file))


name = sys.argv[1]
off = [worst(name, f"{field}.npy", np.load) for field in ("exact", "network")]
off.append(worst(name, "json", measures))
assert max(off) < 1e-3, f"{name}: off by {off}"
print(f"{name}: off by {off[0]:.1g}, learned {off[1]:.1g}, measures {off[2]:.1g}")
PYTHON
done
