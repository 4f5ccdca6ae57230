#!/bin/sh
# A fit and a transform are killed (-9) at random moments. The fit goes on from what it had
# to the bits of an unbroken one; the transform's file is whole or still the old one.
#   check_pflow_kill.sh BUILD_FOLDER [KILLS [SEED]]        77: skipped
set -eu
pflow=$(cd "$1" && pwd)/bin/pflow
. tests/support/python.sh
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"$python" tests/support/make_clusters.py "$folder" 600 4000 8 4
cd "$folder"
"$python" - "$pflow" "${2:-8}" "${3:-1}" <<'PYTHON'
import os
import random
import subprocess
import sys
import time

pflow, kills, seed = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
random.seed(seed)
FIT = ["fit", "--in", "X.npy", "--field", "network", "--steps", "200", "--threads", "1"]
KEEP = ["--checkpoint", "half.st", "--checkpoint-every", "0", "--resume"]


def run(*words):
    return subprocess.run([pflow, *words], check=True, capture_output=True)


def killed(words, most):
    """Starts a command and kills it within so many seconds; whether it was still at work."""
    process = subprocess.Popen([pflow, *words], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(random.uniform(0.0, most))
    process.kill()
    return process.wait() < 0


def transform(map_file, out):
    return ["transform", "--map", map_file, "--in", "X2.npy", "--out", out]


def content(name):
    return open(name, "rb").read()


begun = time.monotonic()
run(*FIT, "--out", "whole.safetensors")
usual = time.monotonic() - begun
begun = time.monotonic()
run(*transform("whole.safetensors", "whole.npy"))
usual_transform = time.monotonic() - begun

def has_ended():
    """Whether the fit's file is there: then it is whole, and all begins anew."""
    if not os.path.exists("broken.safetensors"):
        return False
    run(*transform("broken.safetensors", "broken.npy"))
    assert content("broken.npy") == content("whole.npy")
    os.remove("broken.safetensors")
    if os.path.exists("half.st"):
        os.remove("half.st")
    return True


struck = rounds = resumed = 0
while struck < kills:
    rounds += 1
    resumed += os.path.exists("half.st")
    killed([*FIT, *KEEP, "--out", "broken.safetensors"], usual)
    struck += not has_ended()
    assert rounds < 20 * kills + 20, "nearly every fit was over before it was killed"
assert resumed > 0, "no fit was killed behind its first checkpoint"
run(*FIT, *KEEP, "--out", "broken.safetensors")
assert has_ended()

OLD = b"what was there before"
kept = 0
for _ in range(kills):
    with open("new.npy", "wb") as file:
        file.write(OLD)
    killed(transform("whole.safetensors", "new.npy"), 1.2 * usual_transform)
    if content("new.npy") == OLD:
        kept += 1
    else:
        assert content("new.npy") == content("whole.npy")
print(f"{struck} fits ({resumed} that went on) and {kills} transforms killed; {kept} left the old file")
PYTHON
