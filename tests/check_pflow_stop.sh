#!/bin/sh
# The commands are interrupted: nothing half-written is left, and a fit goes on from its
# checkpoint to the same bits.
#   check_pflow_stop.sh BUILD_FOLDER        77: skipped
set -eu
pflow=$(cd "$1" && pwd)/bin/pflow
. tests/support/python.sh
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"$python" tests/support/make_clusters.py "$folder" 600 300 8 4
cd "$folder"
"$python" - "$pflow" <<'PYTHON'
import os
import pty
import signal
import subprocess
import sys
import time

import numpy as np

pflow = sys.argv[1]
settings = ["--field", "network", "--dims", "8", "--aug", "8", "--start", "1"]
settings += ["--strength", "1"]


def start(*words):
    """A process that minds interrupts, as one of a shell's foreground does."""
    return subprocess.Popen(
        [pflow, *words],
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )


def minds(process, number):
    status = open(f"/proc/{process.pid}/status").read()
    return int(status.split("SigCgt:")[1].split()[0], 16) >> (number - 1) & 1


def interrupt(process, number=signal.SIGINT, later=0.1):
    while process.poll() is None and not minds(process, number):
        time.sleep(0.01)
    time.sleep(later)  # in the midst of its work
    assert process.poll() is None, "over before the interrupt: " + process.communicate()[1]
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 1 and out == "", (process.returncode, out, err)
    assert err.count("\n") == 1, err
    return err


def run(*words):
    return subprocess.run([pflow, *words], check=True, capture_output=True, text=True)


def mapped(name):
    run("transform", "--map", name + ".safetensors", "--in", "X2.npy", "--out", name + ".npy")
    return open(name + ".npy", "rb").read()


def seen_at_terminal(*words):
    """What an interrupted command writes where standard error is a terminal."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen([pflow, *words], stdout=subprocess.DEVNULL, stderr=theirs)
    while not minds(process, signal.SIGTERM):
        time.sleep(0.01)
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=60) == 1
    os.close(theirs)
    written = b""
    try:
        while block := os.read(ours, 4096):
            written += block
    except OSError:  # all of it was read
        pass
    os.close(ours)
    return written.decode()


fit = ["fit", "--in", "X.npy", *settings]
steps = ["--steps", "800"]
run(*fit, *steps, "--out", "whole.safetensors")
keep = ["--checkpoint", "half.st"]
err = interrupt(start(*fit, *steps, *keep, "--out", "broken.safetensors"))
assert "--resume" in err and "half.st" in err, err
assert os.path.exists("half.st") and not os.path.exists("broken.safetensors")
run(*fit, *steps, *keep, "--resume", "--out", "broken.safetensors")
assert mapped("broken") == mapped("whole")

# A checkpoint of other settings is refused, one that is not there is no error.
fit += steps + keep
interrupt(start(*fit, "--out", "new.safetensors", "--seed", "1"), signal.SIGTERM)
other = subprocess.run(
    [pflow, *fit, "--resume", "--out", "new.safetensors"], capture_output=True, text=True
)
assert other.returncode == 1 and "half.st" in other.stderr, other
fit = ["fit", "--in", "X.npy", *settings]
run(*fit, "--steps", "10", "--checkpoint", "none.st", "--resume", "--out", "ten.safetensors")

said = seen_at_terminal(*fit, "--out", "new.safetensors")
assert "interrupted: ending in order; once more to end now" in said, said
before = set(os.listdir())
err = interrupt(start(*fit, "--out", "new.safetensors"), signal.SIGTERM)
assert "interrupted, nothing was written" in err, err
rows = 4_000_000
with open("zeros.npy", "wb") as file:
    header = {"descr": "<f4", "fortran_order": False, "shape": (rows, 8)}
    np.lib.format.write_array_header_1_0(file, header)
    file.truncate(file.tell() + rows * 8 * 4)
transform = ["transform", "--map", "whole.safetensors", "--in", "zeros.npy", "--out", "new.npy"]
err = interrupt(start(*transform))
assert "interrupted, nothing was written" in err, err

# So do those that measure and draw, between two measures or blocks of rows.
many = np.random.default_rng(0).standard_normal((20000, 16), dtype=np.float32)
np.save("many.npy", many)
np.save("classes.npy", (many[:, 0] > 0).astype(np.int32))
np.save("wide.npy", np.random.default_rng(1).standard_normal((2000, 1024), dtype=np.float32))
run("fit", "--in", "X.npy", "--method", "zca", "--out", "zca.safetensors")
labelled = ["--in", "many.npy", "--labels", "classes.npy"]
test = ["--test", "many.npy", "--test-labels", "classes.npy"]
all_rows = ["--in", "zeros.npy", "--max-rows", str(rows)]
for words, later in (
    (["eval", *labelled, "--reference", "many.npy"], 0.1),
    (["compare", *labelled, *test, "--max-rows", "0", "--html", "new.html"], 0.4),
    (["fit", "--in", "wide.npy", "--method", "whiten", "--out", "new.safetensors"], 0.15),
    (["sample", "--map", "whole.safetensors", "--n", "9000000", "--out", "new.npy"], 0.1),
    (["inverse", "--map", "zca.safetensors", *transform[3:]], 0),
    (["suggest", *all_rows], 0),
    (["plot", *all_rows, "--out", "new.png"], 0),
):
    err = interrupt(start(*words), later=later)
    assert "pflow " + words[0] + ": interrupted, nothing was written" in err, err
for name in ("many.npy", "classes.npy", "wide.npy", "zca.safetensors"):
    os.remove(name)
assert set(os.listdir()) == before | {"zeros.npy"}, set(os.listdir()) - before
PYTHON
echo "interrupts leave nothing half-written, and a fit goes on"
