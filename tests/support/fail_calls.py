"""Runs every pflow command with one of its calls failing; see check_pflow_failing.sh.

  fail_calls.py PFLOW SHIM TRIES [WORD ...]     only commands that have one of the words
"""
import json
import os
import resource
import struct
import subprocess
import sys

pflow, shim, tries = sys.argv[1], sys.argv[2], int(sys.argv[3])
only = sys.argv[4:]

SETTINGS = ["--dims", "3", "--aug", "3", "--start", "1", "--strength", "1"]
LEARNED = ["fit", "--in", "X.npy", *SETTINGS, "--field", "network", "--steps", "1"]
KEEP = ["--checkpoint", "half.st", "--checkpoint-every", "0", "--out", "new.safetensors"]
COMPARE = ["compare", "--in", "X.npy", "--labels", "y.npy", "--test", "X2.npy"]
COMPARE += ["--test-labels", "y2.npy", "--methods", "none,l2"]
# Words of a command, and the file that it writes.
COMMANDS = [
    (["fit", "--in", "X.npy", *SETTINGS, "--out", "new.safetensors"], "new.safetensors"),
    ([*LEARNED, *KEEP], "new.safetensors"),
    ([*LEARNED, *KEEP, "--resume"], "new.safetensors"),
    (["transform", "--map", "map.safetensors", "--in", "X2.npy", "--out", "new.npy"], "new.npy"),
    (["inverse", "--map", "map.safetensors", "--in", "Y2.npy", "--out", "new.fvecs"], "new.fvecs"),
    (["sample", "--map", "map.safetensors", "--n", "20", "--out", "new.npy"], "new.npy"),
    (["eval", "--in", "X.npy", "--labels", "y.npy", "--json"], None),
    (["suggest", "--in", "X.npy"], None),
    (["info", "map.safetensors", "--json"], None),
    (["info", "other.st"], None),
    (["info", "y.npy"], None),
    (["plot", "--in", "X2.npy", "--out", "new.svg"], "new.svg"),
    ([*COMPARE, "--json"], None),
    ([*COMPARE, "--html", "new.html"], "new.html"),
]  # fmt: skip
KINDS = ["open", "read", "write", "fsync", "fchmod", "close", "rename", "malloc"]
OLD = b"what was there before"


def run(words, **settings):
    env = dict(os.environ, LD_PRELOAD=shim, OPENBLAS_NUM_THREADS="1", **settings)
    return subprocess.run([pflow, *words], env=env, capture_output=True, timeout=120)


def count(words, kind):
    done = run(words, FAIL_CALL=kind, FAIL_AT="0", FAIL_COUNT="count")
    assert done.returncode == 0, done.stderr
    return int(open("count").read())


def chosen(calls):
    """All calls, or so many from the first to the last."""
    if tries == 0 or calls <= tries:
        return range(1, calls + 1)
    return sorted({1 + i * (calls - 1) // max(tries - 1, 1) for i in range(tries)})


def without_times(value):
    """A JSON value without the members that tell seconds."""
    if isinstance(value, dict):
        return {k: without_times(v) for k, v in value.items() if "seconds" not in k}
    return [without_times(one) for one in value] if isinstance(value, list) else value


def told(words, done):
    """What a command printed that has to be the same each time."""
    return without_times(json.loads(done.stdout)) if "--json" in words else done.stdout


def meaning(product):
    """What a file holds. Maps and pages tell times: of those what they map, and the end."""
    if product.endswith(".safetensors"):
        words = ["transform", "--map", product, "--in", "X2.npy", "--out", "mapped.npy"]
        done = run(words)
        assert done.returncode == 0, done.stderr
        with open("mapped.npy", "rb") as mapped:
            found = mapped.read()
        os.remove("mapped.npy")
        return found
    with open(product, "rb") as file:
        found = file.read()
    return found[-8:] if product.endswith(".html") else found


def is_old(product):
    with open(product, "rb") as file:
        return file.read() == OLD


def checkpoint():
    if not os.path.exists("half.st"):
        return None
    with open("half.st", "rb") as file:
        return file.read()


def check_checkpoint(words, whole, what):
    """The checkpoint is one that the fit goes on from, to the same map."""
    done = run([*words, "--resume"])
    assert done.returncode == 0 and meaning("new.safetensors") == whole, what + str(done.stderr)


def check_words(words, product, whole, done, settings, what):
    """One line that says what if it failed, what a whole run prints if it did not."""
    if done.returncode == 0:
        # A method that found no memory is noted, and the comparison goes on without it.
        noted = words[0] == "compare" and b"no memory" in done.stdout
        same = product or noted or told(words, done) == whole
        assert same, what + f", printed {done.stdout!r}"
        return
    assert done.stderr.count(b"\n") == 1 and done.stderr.startswith(b"pflow "), what
    # A thread that finds no memory could not be started.
    short = b"memory" in done.stderr or b"could not be started" in done.stderr
    assert settings["FAIL_CALL"] != "malloc" or short, what


def check(words, product, whole, settings):
    """What must be so however the command ended. Returns its status."""
    if product:
        with open(product, "wb") as file:
            file.write(OLD)
    before, kept = sorted(os.listdir(".")), checkpoint()
    done = run(words, **settings)
    what = f"{words[0]} with {settings}: status {done.returncode}, {done.stderr!r}"
    assert done.returncode in (0, 1), what
    assert sorted(os.listdir(".")) == before, what + f", files {os.listdir('.')}"
    check_words(words, product, whole, done, settings, what)
    if product:
        old = is_old(product)
        assert old or meaning(product) == whole, what
        assert done.returncode != 0 or not old, what
    if "--checkpoint" in words and checkpoint() != kept:
        check_checkpoint(words, whole, what)
    return done.returncode


def sweep(words, product):
    done = run(words)
    assert done.returncode == 0, done.stderr
    whole = meaning(product) if product else told(words, done)
    must = KINDS if product else ["open", "malloc"]
    ended = []
    for kind in KINDS:
        if kind == "malloc" and words[0] == "plot":
            continue  # fontconfig, which draws its letters, dies without memory
        calls = count(words, kind)
        assert calls > 0 or kind not in must, f"{words[0]} makes no call of {kind}"
        tried = [
            check(words, product, whole, {"FAIL_CALL": kind, "FAIL_AT": str(at), **on})
            for at in chosen(calls)
            for on in ({}, {"FAIL_ON": "1"})
        ]
        # Of files that were read a failing close loses nothing.
        assert any(tried) or kind not in must, f"{words[0]} does without every call of {kind}"
        ended += tried
    result = f"{len(ended)} runs, {ended.count(0)} of them did without the call"
    print(f"{' '.join(words[:1] + words[-1:])}: {result}", flush=True)


def within(mebibytes, words):
    """A command with so much memory. One thread: OpenBLAS waits for those it cannot have."""
    size = mebibytes << 20
    env = dict(os.environ, OPENBLAS_NUM_THREADS="1")
    return subprocess.run(
        [pflow, *words],
        env=env,
        capture_output=True,
        timeout=120,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (size, size)),
    )


def write_archive(name, header):
    with open(name, "wb") as file:
        file.write(struct.pack("<Q", len(header)) + header)


def enough(words, least, step, ends):
    """The memory from which on a command ends with this status; with less it says so."""
    for size in range(least, 1024, step):
        done = within(size, words)
        if done.returncode == ends and b"memory" not in done.stderr:
            return size
        lines = done.stderr.count(b"\n")
        assert done.returncode == 1 and lines == 1, f"{words}: {size} MiB: {done}"
        assert b"no memory for" in done.stderr, f"{words}: {size} MiB: {done}"
    raise AssertionError(f"{words}: never enough memory")


def short_of_memory():
    """A header of 20 MB, from the memory that the program itself takes to enough for it."""
    write_archive("long.st", b'{"__metadata__": {"x": "' + b"y" * 20_000_000 + b'"}}')
    sizes = range(16, 1024, 16)
    least = next(size for size in sizes if within(size, ["--version"]).returncode == 0)
    wanted = enough(["info", "long.st"], least, 8, 0)
    words = ["transform", "--map", "long.st", "--in", "X2.npy", "--out", "new.npy"]
    refused = enough([*words, "--threads", "1"], least, 8, 1)  # as what it is: no map
    assert wanted > least + 8 and refused > least + 8, f"{least}, {wanted}, {refused} MiB"
    os.remove("long.st")
    print(f"a header of 20 MB: wants {wanted} MiB, {least} of which are the program's")


fit = ["fit", "--in", "X.npy", *SETTINGS, "--out", "map.safetensors"]
assert run(fit).returncode == 0
assert run(["transform", "--map", "map.safetensors", "--in", "X2.npy", "--out", "Y2.npy"]).returncode == 0
with open("count", "w") as file:
    file.write("0")
tensor = b'{"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}'
write_archive("other.st", b'{"a": ' + tensor + b', "__metadata__": {"by": "hand"}}')
taken = [one for one in COMMANDS if not only or any(word in one[0] for word in only)]
assert taken, f"no command has one of {only}"
for one in taken:
    sweep(*one)
if not only:
    short_of_memory()
