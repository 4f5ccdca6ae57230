"""Makes rows for check_compare.sh, and looks at what pflow compare said of them."""
import json
import sys

import numpy as np


def save(name, seed, make):
    rng = np.random.default_rng(seed)
    for suffix, n in (("", 300), ("2", 150)):
        rows, labels = make(rng, n)
        np.save(f"X{suffix}_{name}.npy", rows.astype(np.float32))
        np.save(f"y{suffix}_{name}.npy", labels.astype(np.uint8))


def buried(rng, n):
    """Classes along two axes of small variance, beside six loud ones."""
    labels = rng.integers(0, 4, n)
    rows = rng.standard_normal((n, 8)) * np.array([30, 30, 30, 30, 30, 30, 0.2, 0.2])
    rows[:, 6] += labels % 2
    rows[:, 7] += labels // 2
    return rows, labels


def noise(rng, n):
    return rng.standard_normal((n, 6)), rng.integers(0, 3, n)


def zero(rng, n):
    rows, labels = noise(rng, n)
    rows[7] = 0
    return rows, labels


def huge(rng, n):
    """Their principal coordinates overflow."""
    rows, labels = noise(rng, n)
    rows *= 1e38 / np.abs(rows).max()
    rows[7] = 3.4e38
    return rows, labels


def make():
    save("buried", 3, buried)
    save("noise", 4, noise)
    save("zero", 5, zero)
    save("huge", 6, huge)
    np.save("few.npy", np.load("X.npy")[:19])
    np.save("few_y.npy", np.load("y.npy")[:19])


def load(name):
    def refuse(word):
        raise ValueError(f"{name}: {word} is no JSON")

    with open(name + ".json") as file:
        return json.load(file, parse_constant=refuse)


def squared(a, b):
    return ((a[:, None].astype(float) - b[None].astype(float)) ** 2).sum(-1)


def close(name, found, wanted, tolerance=1e-9):
    assert abs(found - wanted) <= tolerance, f"{name}: {found}, not {wanted}"


def check_rows(measures, train, test):
    """Measures of the clusters' rows, as they are or as mapped, from scratch."""
    y, y2 = np.load("y.npy"), np.load("y2.npy")
    near = squared(test, train).argsort(1, kind="stable")[:, :10]
    votes = np.array([np.bincount(y[row]).argmax() for row in near])
    close("kNN", measures["knn"]["value"], (votes == y2).mean())
    within = squared(test, test)
    np.fill_diagonal(within, np.inf)
    counts = np.bincount(within.argsort(1, kind="stable")[:, :10].ravel(), minlength=len(test))
    off = counts - counts.mean()
    close("hubness", measures["hubness"]["value"], (off**3).mean() / (off**2).mean() ** 1.5)
    unit = test / np.linalg.norm(test, axis=1, keepdims=True)
    pairs = squared(unit, unit)[np.triu_indices(len(unit), 1)]
    close("uniformity", measures["uniformity"]["value"], np.log(np.exp(-2 * pairs).mean()), 1e-5)
    centred = test.astype(float) - test.mean(0, dtype=float)
    spectrum = np.linalg.eigvalsh(centred.T @ centred)
    close("rank", measures["effective_rank"]["value"], spectrum.sum() ** 2 / (spectrum**2).sum(), 1e-5)
    before = squared(np.load("X2.npy"), np.load("X.npy")).argsort(1, kind="stable")[:, :10]
    kept = np.mean([len(np.intersect1d(*pair)) / 10 for pair in zip(near, before)])
    close("kept", measures["neighbours_kept"]["value"], kept)


def rounding(*values):
    """What printing 9 digits of each may take from their sum."""
    return sum(0.5001 * 10.0 ** (np.floor(np.log10(abs(v))) - 8) for v in values if v)


def check_intervals(methods, by_name):
    for method in methods[1:]:
        for key, measure in method["measures"].items():
            if "difference" not in measure:
                continue
            by = measure["difference"]
            assert by["low"] <= by["mean"] <= by["high"], (method["name"], key, by)
            pair = measure["value"], by_name["none"][key]["value"]
            digits = rounding(by["mean"], *pair)
            close(method["name"] + " " + key, by["mean"], pair[0] - pair[1], digits)
            if by["beyond_chance"] != "no":
                assert by["low"] > 0 or by["high"] < 0, (method["name"], key, by)


def check_clusters():
    found, again = load("clusters"), load("again")
    by_name = {m["name"]: m["measures"] for m in found["methods"]}
    assert found["methods"][0]["name"] == "none" and len(by_name) == 10
    check_rows(by_name["none"], np.load("X.npy"), np.load("X2.npy"))
    check_intervals(found["methods"], by_name)
    for shift in ("center", "rotate"):
        close(shift, by_name[shift]["neighbours_kept"]["value"], 1, 0.01)
        assert by_name[shift]["round_trip"]["value"] < 1e-5
    assert by_name["l2"]["round_trip"]["value"] is None
    assert by_name["whiten"]["effective_rank"]["value"] > by_name["none"]["effective_rank"]["value"]
    half, none = by_name["poisson-exact@0.5"], by_name["none"]
    assert half["uniformity_gap"]["value"] < none["uniformity_gap"]["value"]
    for one, other in zip(found["methods"], again["methods"]):
        for key, measure in one["measures"].items():
            if key not in ("fit_seconds", "transform_microseconds"):
                same = {**measure, "best": 0} == {**other["measures"][key], "best": 0}
                assert same, f"{one['name']} {key} depends on threads"


def check_learned():
    """Each name stands for the map that fit makes; a file of it is compared as it is."""
    methods = {m["name"]: m for m in load("learned")["methods"]}
    by_name = {name: m["measures"] for name, m in methods.items()}
    check_intervals(list(methods.values()), by_name)
    network, post, file = list(methods.values())[1:]
    assert (network["field"], network["steps"], network["fits"]) == ("network", 300, 2)
    assert (post["field"], post["fits"]) == ("post", 2) and post["steps"] > 0
    assert (file["name"], file["file"], file["fits"]) == ("network.safetensors",) * 2 + (1,)
    for key in ("method", "field", "out_dim", "dims", "aug", "start", "strength", "steps"):
        assert file[key] == network[key], key
    first = {key: {"value": m["values"][0]} for key, m in post["measures"].items()}
    check_rows(first, np.load("X.post.npy"), np.load("X2.post.npy"))
    assert post["measures"]["round_trip"]["value"] is None
    check_rows(file["measures"], np.load("X.network.npy"), np.load("X2.network.npy"))
    test = np.load("X2.npy").astype(float)
    error = np.linalg.norm(np.load("X2.back.npy") - test) / np.linalg.norm(test)
    close("round trip", file["measures"]["round_trip"]["value"], error, 1e-6)
    for key, measure in file["measures"].items():
        if key not in ("fit_seconds", "transform_microseconds"):
            assert measure["value"] == network["measures"][key]["values"][0], key


def check_seeds():
    rotate, whiten = load("seeds")["methods"][1:]
    assert rotate["fits"] == 3 and whiten["fits"] == 1
    recall = rotate["measures"]["recall_1bit"]
    close("mean", recall["value"], np.mean(recall["values"]))
    close("deviation", recall["deviation"], np.std(recall["values"], ddof=1))
    assert recall["deviation"] > 0
    by = recall["difference"]
    assert by["low"] <= by["mean"] <= by["high"]


def check():
    check_clusters()
    check_seeds()
    check_learned()
    few = load("few")
    assert (few["train"]["rows"], few["train"]["rows_of_file"]) == (100, 300)
    assert (few["test"]["rows"], few["seed"]) == (50, 4)
    advice = load("buried")["advice"]
    assert "whiten for" in advice and "votes of nearest neighbours" in advice, advice
    assert "leave the features alone for" not in advice.split("votes of")[0], advice
    advice = load("noise")["advice"]
    assert advice.startswith("Leave these features alone"), advice
    l2 = load("zero")["methods"][1]
    assert not l2["fitted"] and "7" in l2["note"], l2["note"]


if __name__ == "__main__":
    make() if sys.argv[1] == "make" else check()
