#!/bin/sh
# pflow fit, transform, inverse, sample and suggest on small rows, with NumPy as witness; and
# that nothing is written when something is wrong.
#   check_pflow_map.sh BUILD_FOLDER        77: skipped
set -eu
pflow=$(cd "$1" && pwd)/bin/pflow
support=$PWD/tests/support
. tests/support/python.sh
. tests/support/refuse.sh
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"$python" tests/support/make_clusters.py "$folder" 400 300 8 4
cd "$folder"

"$python" -c 'import numpy as np
np.save("noise.npy", np.random.default_rng(0).standard_normal((150, 40), dtype=np.float32))'

# fit_and_use NAME OPTION...: NAME.safetensors, and NAME.npy with the test rows mapped
fit_and_use() {
  name=$1
  shift
  "$pflow" fit --in X.npy --out "$name.safetensors" --json "$@" >"$name.json"
  "$pflow" info "$name.safetensors" --json >"$name.info"
  "$pflow" transform --map "$name.safetensors" --in X2.npy --out "$name.npy" 2>log
  [ ! -s log ] || { echo "transform said: $(cat log)"; exit 1; }
}

back() {
  "$pflow" inverse --map "$1.safetensors" --in "$1.npy" --out "$1.back.npy"
}

for method in none center whiten zca rotate quantile; do
  fit_and_use $method --method $method
  back $method
done
for method in l2 abtt; do
  fit_and_use $method --method $method
  refuse 1 'no way back' back $method
done
for target in hemisphere gaussian ball raw sphere; do
  fit_and_use $target --target $target --dims 8 --aug 8 --start 1 --strength 1
  back $target
done
fit_and_use auto
fit_and_use knn --objective knn --labels y.npy --dims 4
fit_and_use network --field network --steps 200 --dims 8 --aug 8 --start 1 --strength 1 \
  --target raw
back network
fit_and_use post --field post
refuse 1 'no way back' back post

# The strength is the map's own or the one that is given; 0 is the preprocessing alone.
"$pflow" transform --map raw.safetensors --in X2.npy --out flat.npy --strength 0
"$pflow" inverse --map raw.safetensors --in flat.npy --out flat.back.npy --strength 0
"$pflow" transform --map raw.safetensors --in X2.npy --out half.npy --strength 0.5
refuse 1 'strength' \
  "$pflow" transform --map l2.safetensors --in X2.npy --out new.npy --strength 0.5

# The same bits for any number of threads, and in both formats.
"$pflow" transform --map raw.safetensors --in X2.npy --out one.npy --threads 1
"$pflow" transform --map raw.safetensors --in X2.npy --out three.npy --threads 3
cmp one.npy raw.npy
cmp one.npy three.npy
"$pflow" transform --map raw.safetensors --in X2.npy --out one.fvecs
# A file may be replaced by what is made of it.
cp X2.npy own.npy
"$pflow" transform --map raw.safetensors --in own.npy --out own.npy
cmp own.npy raw.npy

"$pflow" sample --map raw.safetensors --n 500 --seed 7 --out drawn.npy
"$pflow" sample --map raw.safetensors --n 20 --seed 7 --out few.npy
"$pflow" sample --map raw.safetensors --n 20 --seed 8 --out others.npy
# A map that leaves the rows alone has nothing of a flow, and says why.
"$pflow" fit --in noise.npy --out alone.safetensors | grep -q 'leave these features alone'
refuse 1 'alone.safetensors: strength is 0.5, a map by poisson that leaves the rows alone has none' \
  "$pflow" transform --map alone.safetensors --in noise.npy --out new.npy --strength 0.5
refuse 1 'alone.safetensors: a map by poisson that leaves the rows alone has no prior' \
  "$pflow" sample --map alone.safetensors --n 20 --out new.npy
refuse 1 'l2 has no prior' "$pflow" sample --map l2.safetensors --n 20 --out new.npy
"$pflow" suggest --in X.npy --json >suggest.json
"$pflow" suggest --in X.npy | grep -q '^  --dims [0-9]'
"$pflow" fit --in X.npy --out text.safetensors >out
grep -q '^  tried  .* settings on held-out rows' out
grep -q '^  uniformity .* (ideal .* as the rows are (ideal' out
grep -q '^  kept  .* % of the 10 nearest neighbours' out
tr '\n' ' ' <out | tr -s ' ' | grep -q 'for other uses run pflow compare'

# A choice that was rejected is not told as the map's; what changes nothing is said.
"$pflow" info alone.safetensors --json >alone.json
"$pflow" fit --in X.npy --dims 2 --aug 2 --start 3 --out worse.safetensors --json >worse.json
"$python" - <<'PYTHON'
import json

alone = json.load(open("alone.json"))
assert "dims" not in alone and alone["choice"]["leave_alone"], alone
assert "uniformity_after" not in alone["choice"], alone
worse = json.load(open("worse.json"))["choice"]["best_rejected"]
assert worse["kept"] < worse["least_kept"], worse
for rejected in alone["choice"]["best_rejected"], worse:
    gap = min(rejected["ideal_after"] - rejected["uniformity_after"], 0)
    assert abs(rejected["score_after"] - gap) < 1e-7, rejected
PYTHON
# With a strength of the user's own it is the map's, and the advice stands beside it.
"$pflow" fit --in noise.npy --strength 1 --out own.safetensors >out
grep -q 'leave these features alone' out
grep -q '^  strength   1$' out
grep -q '^  uniformity .* as mapped (ideal' out
"$pflow" info own.safetensors --json >own.json
"$python" - <<'PYTHON'
import json

own = json.load(open("own.json"))
assert own["strength"] == 1 and own["dims"] > 0, own
assert own["choice"]["leave_alone"] and "uniformity_after" in own["choice"], own
assert "best_rejected" not in own["choice"], own
PYTHON
settled="--dims 8 --aug 8 --start 1 --strength 1"
# shellcheck disable=SC2086 # one word each
"$pflow" fit --in X.npy --labels y.npy --checkpoint idle.st $settled \
  --out idle.safetensors >out 2>err
grep -q -- '--labels changes nothing without --objective knn or linear' err
grep -q -- '--checkpoint writes nothing' err
grep -q 'all settings were given' out
[ ! -e idle.st ]

# On a terminal the bar is gone before the result is told.
"$python" - "$pflow" <<'PYTHON' >/dev/null
import os
import pty
import sys

told = b""


def read(terminal):
    global told
    part = os.read(terminal, 4096)
    told += part
    return part


fit = [sys.argv[1], "fit", "--in", "X.npy", "--field", "network", "--steps", "50"]
fit += "--dims 8 --aug 8 --start 1 --strength 1 --out terminal.safetensors".split()
assert pty.spawn(fit, read) == 0
last = told.rsplit(b"\r\x1b[K", 1)[1]
assert b"training" in told and last.startswith(b"X.npy -> "), told
PYTHON

"$python" "$support/check_maps.py"

# ---- nothing is written when something is wrong ----
"$python" - <<'PYTHON'
import numpy as np

x = np.load("X2.npy")
np.save("narrow.npy", x[:, :7])
x[123, 5] = np.nan
np.save("nan.npy", x)
x[123, 5] = np.inf
np.save("inf.npy", x)
np.save("huge.npy", np.full((3, 8), 1e300))
np.save("five.npy", np.load("X2.npy")[:5])
PYTHON
echo "no map" >text
head -c 9000 raw.safetensors >part.safetensors
mkdir place place.safetensors
before=$(ls -A | grep -v '^refuse')
refuse 1 'pflow transform: nan.npy: row 123, column 5 is nan' \
  "$pflow" transform --map raw.safetensors --in nan.npy --out new.npy
refuse 1 'pflow inverse: inf.npy: row 123, column 5 is inf' \
  "$pflow" inverse --map raw.safetensors --in inf.npy --out new.npy
refuse 1 'huge.npy: row 0, column 0 is' \
  "$pflow" transform --map raw.safetensors --in huge.npy --out new.npy
refuse 1 'pflow fit: nan.npy: row 123, column 5 is nan' \
  "$pflow" fit --in nan.npy --out new.safetensors
refuse 1 'narrow.npy has 7 columns, raw.safetensors wants 8' \
  "$pflow" transform --map raw.safetensors --in narrow.npy --out new.npy
refuse 1 '--dims is 9, X.npy has 8 columns' "$pflow" fit --in X.npy --dims 9 --out new.safetensors
refuse 1 'none.safetensors' "$pflow" transform --map none.safetensors/x --in X2.npy --out new.npy
refuse 1 'text' "$pflow" transform --map text --in X2.npy --out new.npy
refuse 2 'ends in .npy or .fvecs, got "new.csv"' \
  "$pflow" transform --map raw.safetensors --in X2.npy --out new.csv
refuse 1 'cannot write to its folder' \
  "$pflow" sample --map raw.safetensors --n 2 --out none/new.npy
refuse 1 "part.safetensors: tensor '" "$pflow" info part.safetensors
refuse 1 'dims is 8, 5 rows have at most 4' "$pflow" fit --in five.npy --dims 8 --aug 8 \
  --start 1 --strength 1 --out new.safetensors
refuse 2 'place' "$pflow" transform --map raw.safetensors --in X2.npy --out place
refuse 1 'no/new.npy' "$pflow" transform --map raw.safetensors --in X2.npy --out no/new.npy
refuse 1 'no/new.safetensors' "$pflow" fit --in X.npy --out no/new.safetensors
refuse 1 'place.safetensors: there is something' \
  "$pflow" fit --in X.npy --out place.safetensors
refuse 1 'y2.npy has 300 labels, X.npy has 400 rows' \
  "$pflow" fit --in X.npy --labels y2.npy --objective knn --out new.safetensors
after=$(ls -A | grep -v '^refuse')
[ "$before" = "$after" ] || { echo "left behind: $after"; exit 1; }
echo "maps do what NumPy does"
