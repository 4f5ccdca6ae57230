"""Writes X.npy, y.npy, X2.npy, y2.npy to a folder: clusters of unequal spread off the origin.

  make_clusters.py FOLDER [TRAIN_ROWS [TEST_ROWS [DIM [CLASSES]]]]
"""
import sys

import numpy as np

folder = sys.argv[1]
train, test, dim, classes = (int(w) for w in (sys.argv[2:] + ["400", "200", "12", "4"][len(sys.argv) - 2:]))
rng = np.random.default_rng(1)
centres = 1.6 * rng.standard_normal((classes, dim)) / np.sqrt(dim)
spread = np.geomspace(1.0, 0.1, dim) / np.sqrt(dim)
offset = np.full(dim, 0.5)


def draw(n):
    labels = rng.integers(0, classes, n)
    return (offset + centres[labels] + spread * rng.standard_normal((n, dim))), labels


for suffix, n in (("", train), ("2", test)):
    rows, labels = draw(n)
    np.save(f"{folder}/X{suffix}.npy", rows.astype(np.float32))
    np.save(f"{folder}/y{suffix}.npy", labels.astype(np.int64))
