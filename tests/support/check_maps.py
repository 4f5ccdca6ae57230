"""The witness of check_pflow_map.sh: maps, results and reports in this folder against NumPy."""
import json
import struct

import numpy as np

x, x2 = np.load("X.npy").astype(np.float64), np.load("X2.npy").astype(np.float64)
methods = ["none", "center", "whiten", "zca", "rotate", "quantile", "l2", "abtt"]
targets = ["hemisphere", "gaussian", "ball", "raw", "sphere"]


def load(name):
    rows = np.load(name + ".npy")
    assert rows.dtype == np.float32 and rows.flags.c_contiguous and np.isfinite(rows).all()
    return rows.astype(np.float64)


def near(got, wants, relative=1e-4):
    assert np.shape(got) == np.shape(wants), (np.shape(got), np.shape(wants))
    error = np.abs(got - wants).max() / np.abs(wants).max()
    assert error < relative, error


# ---- the rivals ----
mean = x.mean(0)
near(load("none"), x2, 1e-7)
near(load("center"), x2 - mean)
near(load("l2"), x2 / np.linalg.norm(x2, axis=1, keepdims=True))
variances, axes = np.linalg.eigh(np.cov(x.T))
variances, axes = variances[::-1], axes[:, ::-1]
near(np.abs(load("whiten")), np.abs((x2 - mean) @ axes) / np.sqrt(variances), 1e-3)
near(load("zca"), (x2 - mean) @ axes / np.sqrt(variances) @ axes.T, 1e-3)
near(load("abtt"), (x2 - mean) - (x2 - mean) @ axes[:, :1] @ axes[:, :1].T)
near(load("rotate") @ load("rotate").T, x2 @ x2.T)
assert np.abs(load("quantile").std(0) - 1).max() < 0.2
for name in ["none", "center", "whiten", "zca", "rotate", "quantile"]:
    inside = ((x2 >= x.min(0)) & (x2 <= x.max(0))).all(1)  # quantiles know no values beyond
    near(load(name + ".back")[inside], x2[inside], 1e-3)

# ---- the flow ----
projected = (x2 - mean) @ axes
scale = np.sqrt(variances.sum())  # rms radius, by variances divided by n - 1
near(np.abs(load("flat")), np.abs(projected / scale))
near(load("flat.back"), x2, 1e-3)
for name in ["hemisphere", "gaussian", "ball", "raw", "network"]:
    near(load(name + ".back"), x2, 1e-3)
for name, width in [("hemisphere", 9), ("sphere", 8)]:
    assert load(name).shape == (300, width)
    near(np.linalg.norm(load(name), axis=1), np.ones(300), 1e-5)
assert (load("hemisphere")[:, -1] > 0).all()
assert np.linalg.norm(load("ball"), axis=1).max() < 1
assert abs(load("gaussian").std() - 1) < 0.25
radius = [np.linalg.norm(load(name), axis=1).mean() for name in ("flat", "half", "raw")]
assert radius[0] < radius[1] < radius[2], radius

# Each row of .fvecs: its width, and the values that .npy has.
rows = np.fromfile("one.fvecs", dtype="<i4").reshape(300, 9)
assert (rows[:, 0] == 8).all()
assert (rows[:, 1:].view("<f4") == np.load("one.npy")).all()

# ---- draws ----
drawn = load("drawn")
assert drawn.shape == (500, 8)
assert (load("few") == drawn[:20]).all() and (load("others") != drawn[:20]).any()


def mean_distance(a, b):
    return np.sqrt(((a[:, None, :] - b[None, :, :]) ** 2).sum(2)).mean()


within = mean_distance(x2, x2) + mean_distance(drawn, drawn)
energy = 1 - within / (2 * mean_distance(x2, drawn))
assert energy < 0.02, energy  # two samples of the data give 0.01

# ---- what was said ----
for name in methods + targets + ["auto", "knn", "network", "post"]:
    fit, info = (json.load(open(f"{name}.{end}")) for end in ("json", "info"))
    assert fit["method"] == (name if name in methods else "poisson")
    assert info["kind"] == "map" and info["file"] == name + ".safetensors"
    assert fit["rows"] == 400 and fit["in_dim"] == 8
    assert np.load(name + ".npy").shape == (300, fit["out_dim"])
    for key in fit:
        assert key in ("in", "out") or info[key] == fit[key], key
assert "choice" not in json.load(open("raw.json"))
choice = json.load(open("auto.json"))["choice"]
assert choice["objective"] == "neighbours" and choice["trials"] > 10
gaps = np.array([choice["ideal_" + at] - choice["uniformity_" + at] for at in ("before", "after")])
near(gaps, np.array([choice["score_before"], choice["score_after"]]))
assert 0.5 <= choice["least_kept"] <= choice["kept"] <= 1 or choice["leave_alone"]
choice = json.load(open("knn.json"))["choice"]
assert choice["objective"] == "knn" and 0.2 < choice["score_before"] <= 1
errors = json.load(open("network.json"))["field_error"]
assert len(errors) == 5 and all(0 < at["error"] < 1 for at in errors)
advice = json.load(open("suggest.json"))
assert set(advice["suggest"]) == {"dims", "aug", "start", "strength", "target", "field"}
assert all(len(knob["why"]) > 20 for knob in advice["suggest"].values())
own = np.sqrt(((x[:, None, :] - x[None, :, :]) ** 2).sum(2))
np.fill_diagonal(own, np.inf)
near(advice["nearest"], np.median(own.min(1)))
near(advice["norm_mean"], np.linalg.norm(x, axis=1).mean())


# ---- the maps' files, by the format's definition and by its own reader ----
def read_safetensors(path):
    data = open(path, "rb").read()
    (length,) = struct.unpack("<Q", data[:8])
    header, values = json.loads(data[8 : 8 + length]), data[8 + length :]
    texts = header.pop("__metadata__")
    assert all(isinstance(text, str) for text in texts.values())
    arrays, end = {}, 0
    for name, at in sorted(header.items(), key=lambda item: item[1]["data_offsets"]):
        begin, stop = at["data_offsets"]
        assert at["dtype"] == "F32" and begin == end, name
        arrays[name] = np.frombuffer(values[begin:stop], "<f4").reshape(at["shape"])
        assert np.isfinite(arrays[name]).all(), name
        end = stop
    assert end == len(values)
    return texts, arrays


try:
    from safetensors.numpy import load_file
except ImportError:
    load_file = None
for name in methods + targets + ["network", "post"]:
    texts, arrays = read_safetensors(name + ".safetensors")
    assert "pflow.map" in texts, name
    if load_file:
        theirs = load_file(name + ".safetensors")
        assert set(theirs) == set(arrays)
        assert all((theirs[key] == arrays[key]).all() for key in arrays)
sources = [a for a in read_safetensors("raw.safetensors")[1].values() if a.shape == (400, 8)]
assert len(sources) == 1  # the exact field keeps the rows, of rms length 1
near((sources[0].astype(np.float64) ** 2).sum() / 399, 1.0, 1e-5)
