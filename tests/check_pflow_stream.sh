#!/bin/sh
# pflow transform on files that are larger than the memory it takes.
#   check_pflow_stream.sh BUILD_FOLDER        77: skipped
set -eu
pflow=$(cd "$1" && pwd)/bin/pflow
. tests/support/python.sh
. tests/support/refuse.sh
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"$python" - <<'PYTHON'
import numpy as np

random = np.random.default_rng(1)
spread = np.geomspace(1.0, 0.1, 128)


def draw(n):
    return (random.standard_normal((n, 128)) * spread).astype(np.float32)


np.save("X.npy", draw(1000))
rows = draw(20000)
np.save("many.npy", rows)
np.save("first.npy", rows[:9001])
np.save("last.npy", rows[9001:])
rows[15000, 77] = np.nan
np.save("nan.npy", rows)
# A hole of 1 GiB in the file: zeros that take no room on the disk.
with open("huge.npy", "wb") as file:
    header = {"descr": "<f4", "fortran_order": False, "shape": (2 << 20, 128)}
    np.lib.format.write_array_header_1_0(file, header)
    file.truncate(file.tell() + (2 << 20) * 128 * 4)
PYTHON

"$pflow" fit --in X.npy --dims 4 --aug 4 --start 3 --strength 1 --out flow.safetensors >/dev/null
for part in many first last; do
  "$pflow" transform --map flow.safetensors --in $part.npy --out $part.mapped.npy
done
"$pflow" fit --in X.npy --method whiten --dims 2 --out whiten.safetensors >/dev/null
"$python" - "$pflow" <<'PYTHON'
import resource
import subprocess
import sys

import numpy as np

# What becomes of a row does not depend on where the blocks are cut.
whole, first, last = (np.load(p + ".mapped.npy") for p in ("many", "first", "last"))
assert whole.shape == (20000, 4) and (whole == np.concatenate((first, last))).all()

words = ["transform", "--map", "whiten.safetensors", "--in", "huge.npy", "--out", "huge.mapped.npy"]
subprocess.run([sys.argv[1], *words], check=True)
peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
mapped = np.load("huge.mapped.npy", mmap_mode="r")
assert mapped.shape == (2 << 20, 2) and (mapped == mapped[0]).all()
assert peak < 300, f"{peak:.0f} MiB for a file of 1024"
print(f"a file of 1 GiB is mapped in {peak:.0f} MiB")
PYTHON
refuse 1 'pflow transform: nan.npy: row 15000, column 77 is nan' \
  "$pflow" transform --map flow.safetensors --in nan.npy --out new.npy
[ ! -e new.npy ] || { echo "a result was left behind"; exit 1; }
[ -z "$(find . -name '*new.npy*')" ] || { echo "left behind: $(ls)"; exit 1; }
