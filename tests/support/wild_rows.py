"""Sends rows with wild values through every pflow command; see check_pflow_wild.sh.

  wild_rows.py PFLOW CASES SEED

A command ends with numbers, all finite, or with status 1 and its sentence.
"""
import random
import re
import subprocess
import sys

import numpy as np

pflow, cases, seed = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
draw = random.Random(seed)
rng = np.random.default_rng(seed)

WILD = [1e-45, 1e-38, 1e-30, 1e-20, 1e8, 1e12, 1e16, 1e18, 1.8e19, 3e19, 1e22, 1e25, 1e30, 1e38]
METHODS = ["none", "center", "l2", "whiten", "zca", "abtt", "rotate", "quantile"]
TARGETS = ["sphere", "hemisphere", "gaussian", "ball", "raw"]
TRAIN = ["--in", "X.npy", "--labels", "y.npy"]
TEST = ["--test", "X2.npy", "--test-labels", "y2.npy"]
done = {"numbers": 0, "sentences": 0}


def rows(n, dim):
    """Clusters with something wild in them, their labels, and words that say what."""
    labels = rng.integers(0, 4, n)
    x = 3 * rng.standard_normal((4, dim))[labels] + rng.standard_normal((n, dim))
    wild = draw.choice(WILD) * draw.choice([1, -1, 3.4])
    where = draw.choice(["value", "row", "column", "half", "all", "far", "scattered"])
    if where == "value":
        x[draw.randrange(n), draw.randrange(dim)] = wild
    elif where == "row":
        x[draw.randrange(n)] *= wild / 9
    elif where == "column":
        x[:, draw.randrange(dim)] *= wild / 9
    elif where == "half":
        x[: n // 2] *= wild / 9
    elif where == "all":
        x *= wild / 9
    elif where == "far":
        x += wild
    else:
        x[rng.random((n, dim)) < 0.02] = wild
    x = np.clip(x, -3.4e38, 3.4e38).astype(np.float32)
    return x, labels, f"{where} of {n} rows of {dim}: {wild:g}"


def settings(n):
    """Words for a fit of any method."""
    method = draw.choice(METHODS + ["poisson"] * 8)
    words = ["--method", method, "--seed", str(draw.randrange(9))]
    if method != "poisson":
        return words
    field = draw.choice(["exact", "exact", "network", "post"])
    if field == "post":
        return words + ["--field", "post"] if n <= 300 else ["--method", "none"]
    words += ["--field", field]
    if field == "network":
        words += ["--steps", "9"]
    choices = [
        ("--dims", "23"), ("--aug", ["1", "3", "100"]), ("--start", ["0.1", "1", "30"]),
        ("--strength", ["0.1", "0.5", "1"]), ("--target", TARGETS),
    ]  # fmt: skip
    for name, values in choices:
        if draw.random() < 0.6:
            words += [name, draw.choice(values)]
    if draw.random() < 0.3:
        words += ["--labels", "y.npy", "--objective", draw.choice(["knn", "linear"])]
    return words


def check_text(text, said):
    """No number is missing; what a method that failed met is told as one."""
    for line in re.split(r"[\n<>]", text):
        told = re.search("not (compared|drawn): ", line)
        assert told or not re.search(r"(?<![a-zA-Z])(nan|inf)(?![a-zA-Z])", line), f"{said}: {line}"


def check_product(product, said):
    if product.endswith(".npy"):
        assert np.isfinite(np.load(product)).all(), said + product
    else:
        with open(product) as file:
            check_text(file.read(), said)


def run(what, words, product=None):
    """Whether the command gave numbers."""
    ended = subprocess.run([pflow, *words], capture_output=True, text=True, timeout=600)
    said = f"{what}; pflow {' '.join(words)}: status {ended.returncode}, {ended.stderr}"
    assert ended.returncode in (0, 1), said
    if ended.returncode:
        assert ended.stderr.splitlines()[-1].startswith("pflow "), said
        done["sentences"] += 1
        return False
    check_text(ended.stdout, said)
    if product:
        check_product(product, said)
    done["numbers"] += 1
    return True


def there_and_back(what, rows_file):
    map_file = ["--map", "m.safetensors", "--in"]
    if run(what, ["transform", *map_file, rows_file, "--out", "Y.npy"], "Y.npy"):
        run(what, ["inverse", *map_file, "Y.npy", "--out", "Z.npy"], "Z.npy")


def use_map(what):
    there_and_back(what, "X2.npy")
    there_and_back(what, "X.npy")
    run(what, ["eval", "--in", "Y.npy", "--reference", "X.npy", "--labels", "y.npy"])
    run(what, ["inverse", "--map", "m.safetensors", "--in", "X2.npy", "--out", "Z.npy"], "Z.npy")
    run(what, ["sample", "--map", "m.safetensors", "--n", "9", "--out", "S.npy"], "S.npy")
    run(what, ["info", "m.safetensors"])


def try_rows(n, dim):
    x, y, what = rows(n, dim)
    x2, y2, other = rows(draw.choice([1, 7, 60]), dim)
    if draw.random() < 0.5:  # usual ones
        x2, other = rng.standard_normal(x2.shape, np.float32), "usual rows"
    for name, values in (("X", x), ("y", y), ("X2", x2), ("y2", y2)):
        np.save(name + ".npy", values)
    what += ", then " + other
    for _ in range(3):
        words = settings(n)
        if run(what, ["fit", "--in", "X.npy", "--out", "m.safetensors", *words]):
            use_map(f"{what}, fit {' '.join(words)}")
    run(what, ["eval", *TRAIN])
    run(what, ["eval", *TRAIN, *TEST, "--json"])
    run(what, ["suggest", "--in", "X.npy"])
    run(what, ["plot", *TRAIN, "--out", "p.svg"], "p.svg")
    if n <= 300:
        methods = ",".join([*METHODS, "poisson-exact@0.5"])
        run(what, ["compare", *TRAIN, *TEST, "--methods", methods, "--html", "c.html"], "c.html")


sizes = [1, 2, 3, 5, 30, 30, 150, 300] + ([2700, 4000] if cases > 20 else [])
for _ in range(cases):
    try_rows(draw.choice(sizes), draw.choice([1, 2, 8, 8, 40]))
assert done["numbers"] >= 3 * cases, f"only {done} of {cases} sets"
print(f"{cases} sets of wild rows: {done['numbers']} commands gave numbers, {done['sentences']} a sentence")
