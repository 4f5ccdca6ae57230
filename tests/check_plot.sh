#!/bin/sh
# pflow plot draws rows, and says what is wrong.
#   check_plot.sh BUILD_FOLDER        77: skipped
set -eu
pflow=$(cd "$1" && pwd)/bin/pflow
. tests/support/python.sh
. tests/support/refuse.sh
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"$python" tests/support/make_clusters.py "$folder" 300 100 6 12
cd "$folder"

"$pflow" plot --in X.npy --labels y.npy --out fig.png >out
[ ! -s out ]
"$pflow" plot --in X.npy --out plain.svg
"$pflow" plot --in X.npy --labels y.npy --max-rows 50 --out few.svg >out
grep -q 'few.svg: 50 of 300 rows, drawn from seed 0' out
"$pflow" plot --in X.npy --labels y.npy --max-rows 50 --out again.svg >out
"$python" - <<'PYTHON'
import xml.etree.ElementTree as tree

import numpy as np

assert open("fig.png", "rb").read(8) == b"\x89PNG\r\n\x1a\n"
for name in ("plain.svg", "few.svg"):
    assert tree.parse(name).getroot().tag.endswith("svg"), name
assert open("few.svg").read() == open("again.svg").read()
np.save("line.npy", np.arange(9, dtype=np.float32)[:, None])
np.save("alike.npy", np.ones((9, 6), np.float32))
np.save("one.npy", np.zeros(299, np.int32))
PYTHON
# One value is drawn along the middle, and rows that are all alike in it.
"$pflow" plot --in line.npy --out line.svg
"$pflow" plot --in alike.npy --out alike.svg
"$python" - <<'PYTHON'
import re

for name, columns in (("line.svg", 9), ("alike.svg", 1)):
    paths = re.findall(r'stroke:none[^>]*d="M ([0-9.]+) ([0-9.]+) C', open(name).read())
    dots = {(float(x), float(y)) for x, y in paths}
    assert len(dots) == columns and {y for x, y in dots} == {314.0}, (name, dots)
PYTHON

refuse 2 '--in X.npy is needed' "$pflow" plot --out fig.png
refuse 2 '.png or .svg' "$pflow" plot --in X.npy --out fig.jpg
refuse 1 'none.npy' "$pflow" plot --in none.npy --out new.png
refuse 1 'one.npy has 299 labels' "$pflow" plot --in X.npy --labels one.npy --out new.png
refuse 1 'no/new.png' "$pflow" plot --in X.npy --out no/new.png
# Without cairo there are no pictures, and everything else works.
mkdir none
: >none/libcairo.so.2
refuse 1 'new.png: no picture: ' \
  env LD_LIBRARY_PATH="$PWD/none" "$pflow" plot --in X.npy --out new.png
env LD_LIBRARY_PATH="$PWD/none" "$pflow" info X.npy >out
[ ! -e new.png ] || { echo "a picture was left behind"; exit 1; }
echo "plot draws"
