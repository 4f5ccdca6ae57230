#!/bin/sh
# pflow eval: what it measures on rows whose measures NumPy can work out, and what it refuses.
#   check_eval.sh BUILD_FOLDER        77: skipped
set -eu
pflow=$(cd "$1" && pwd)/bin/pflow
. tests/support/python.sh
. tests/support/refuse.sh
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"$python" tests/support/make_clusters.py "$folder" 400 200 6 4
cd "$folder"

"$pflow" eval --in X.npy --labels y.npy --test X2.npy --test-labels y2.npy --json >test.json
"$pflow" eval --in X.npy --labels y.npy --json --threads 1 >one.json
"$pflow" eval --in X.npy --labels y.npy --json --threads 3 >three.json
cmp one.json three.json
"$pflow" eval --in X.npy --reference X.npy --json >same.json
"$pflow" eval --in X.npy --max-rows 100 --json >few.json
"$pflow" eval --in X.npy --labels y.npy --reference X.npy >table
grep -q '^X.npy: 400 rows of 6 values$' table
grep -q '^with 4 labels$' table
grep -q '^against X.npy$' table
"$pflow" eval --in X.npy --max-rows 100 | grep -q 'a sample of 100 measured'
"$pflow" eval --in X.npy --max-rows 0 >all
grep -q '^X.npy: 400 rows of 6 values$' all
"$pflow" suggest --in X.npy --max-rows 0 >all
grep -q '^X.npy: 400 rows' all

"$python" - <<'PYTHON'
import json
import math

import numpy as np

x, y = np.load("X.npy").astype(np.float64), np.load("y.npy")
x2, y2 = np.load("X2.npy").astype(np.float64), np.load("y2.npy")


def near(got, wants, tolerance=1e-5):
    assert abs(got - wants) < tolerance, (got, wants)


def distances(a, b):
    return ((a[:, None, :] - b[None, :, :]) ** 2).sum(2)


def votes(squared):
    """Labels by the 10 nearest, ties to the smaller label."""
    nearest = np.argsort(squared, axis=1, kind="stable")[:, :10]
    return np.array([np.bincount(y[row]).argmax() for row in nearest]), nearest


found, same, few = (json.load(open(name + ".json")) for name in ("one", "same", "few"))
unit = x / np.linalg.norm(x, axis=1, keepdims=True)
pairs = np.exp(-2.0 * distances(unit, unit))[~np.eye(len(x), dtype=bool)]
near(found["uniformity"], np.log(pairs.mean()))
terms = [4.0**k / (math.factorial(k) * math.prod(3 + i for i in range(k))) for k in range(40)]
near(found["uniformity_ideal"], math.log(math.exp(-4.0) * math.fsum(terms)))
spectrum = np.linalg.eigvalsh(np.cov(x.T))
near(found["effective_rank"], spectrum.sum() ** 2 / (spectrum**2).sum())
own = distances(x, x)
np.fill_diagonal(own, np.inf)
near(found["nearest"], np.median(np.sqrt(own.min(1))))
labels, nearest = votes(own)
counts = np.bincount(nearest.ravel(), minlength=len(x))
near(found["hubness"], ((counts - counts.mean()) ** 3).mean() / counts.std() ** 3)
near(found["antihubs"], (counts == 0).mean())
near(found["labels"]["knn"], (labels == y).mean())
assert found["labels"]["held_out"] and found["labels"]["test_rows"] == 80
tested = json.load(open("test.json"))
near(tested["labels"]["knn"], (votes(distances(x2, x))[0] == y2).mean())
assert not tested["labels"]["held_out"] and tested["labels"]["test_rows"] == 200
assert 0.5 < tested["labels"]["linear"] <= 1 and tested["labels"]["linear_nll"] > 0
inside = np.mean([distances(unit[y == c], unit[y == c]).mean() for c in range(4)])
near(found["labels"]["alignment"], inside, 0.3 * inside)
for name in ("neighbours_kept", "trustworthiness", "continuity"):
    near(same["reference"][name], 1.0)
assert same["reference"]["queries"] == 80 and same["reference"]["recall_8bit"] > 0.9
assert few["rows"] == 400 and few["rows_measured"] == 100

# Labels may be any numbers, and only their being equal counts.
np.save("far.npy", y * 500000000)
np.save("short.npy", y[:399])
np.save("narrow.npy", x[:, :5])
np.save("fewer.npy", x[:399])
np.save("two.npy", x[:2])
np.save("same.npy", np.ones((50, 3)))
x[17, 3] = np.nan
np.save("nan.npy", x)
PYTHON
"$pflow" eval --in X.npy --labels far.npy --json >far.json
cmp one.json far.json

# Rows that are all alike have neither spread nor dimension, and that is no failure.
"$pflow" eval --in same.npy --json >alike.json 2>err
grep -q '"effective_rank": null' alike.json
grep -q 'no effective rank' err

refuse 2 '--in FILE is needed' "$pflow" eval
refuse 2 '--test-labels wants --test' "$pflow" eval --in X.npy --test-labels y.npy
refuse 2 '--test with --labels wants --test-labels' \
  "$pflow" eval --in X.npy --labels y.npy --test X2.npy
refuse 2 '--max-rows wants a whole number' "$pflow" eval --in X.npy --max-rows 2
refuse 1 'nan.npy: row 17, column 3 is nan' "$pflow" eval --in nan.npy
refuse 1 'short.npy has 399 labels, X.npy has 400 rows' \
  "$pflow" eval --in X.npy --labels short.npy
refuse 1 'narrow.npy has 5 columns, X.npy has 6' "$pflow" eval --in X.npy --test narrow.npy
refuse 1 'fewer.npy has 399 rows, X.npy has 400' \
  "$pflow" eval --in X.npy --reference fewer.npy
refuse 1 'too few' "$pflow" eval --in two.npy
echo "eval measures what NumPy does"
