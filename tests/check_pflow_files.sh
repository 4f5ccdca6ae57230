#!/bin/sh
# The pflow command and files that are not what they should be: pipes, folders, headers that lie,
# names and words that a terminal would obey, one file in two roles, places that cannot be written.
#   check_pflow_files.sh BUILD_FOLDER        77: skipped
set -eu
pflow=$(cd "$1" && pwd)/bin/pflow
. tests/support/python.sh
. tests/support/refuse.sh
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"$python" tests/support/make_clusters.py "$folder" 200 100 6 3
cd "$folder"
"$python" - <<'PYTHON'
import json
import struct

import numpy as np


def npy(name, shape, size, type="<f4"):
    header = "{'descr': '%s', 'fortran_order': False, 'shape': %s, }" % (type, shape)
    header = header.ljust(117) + "\n"
    start = b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header))
    open(name, "wb").write(start + header.encode() + b"\0" * size)


npy("many.npy", "(1000000000000, 128)", 64)
npy("more.npy", "(9223372036854775807, 9223372036854775807)", 64)
npy("short.npy", "(4, 2)", 31)
npy("long.npy", "(4, 2)", 33)
npy("less.npy", "(-4, 2)", 32)
npy("labels.npy", "(5000000000000,)", 40, "<i8")
quoted = '{"descr": "<i4", "shape": (3,), "fortran_order": False}\n'.encode()
with open("quoted.npy", "wb") as file:
    file.write(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(quoted)) + quoted + bytes(12))
np.save("wide.npy", np.array([[1.0, 2.0], [3.0, 1e300]]))
np.save("halves.npy", np.ones((3, 2), np.float16))
np.save("none.npy", np.zeros((0, 6), np.float32))
np.save("one.npy", np.ones((1, 6), np.float32))
np.save("alike.npy", np.ones((50, 6), np.float32))
rows = np.load("X.npy")
rows[3] = 0
np.save("zero.npy", rows)
np.save("fortran.npy", np.asfortranarray(rows))
np.save("integers.npy", rows.astype(int))
np.save("big.npy", rows.astype(">f4"))
np.save("complex.npy", rows.astype("c8"))
np.save("fractions.npy", rows[:, 0])
np.savez("pair.npz", rows=rows)
np.save("thin.npy", rows[:, :1])
far = np.ones((9500, 6), np.float32)
far[9123] = 0
np.save("far.npy", far)
open("words.txt", "w").write("these are words\n")
labels = np.load("y2.npy")
np.save("others.npy", labels + 100)
labels[:7] = 100
np.save("partly.npy", labels)
np.save("minus.npy", np.full(200, -1))
words = {
    "one\x1b[31m\nline": {"dtype": "F\x07", "shape": [1, "x"], "data_offsets": [0, 0]},
    "__metadata__": {"name\x1b]0;\x07": "text\x1b[2J"},
}
foreign = {"w": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}}
for name, header, values in ("words", words, 0), ("foreign", foreign, 8):
    text = json.dumps(header).encode()
    with open(name + ".safetensors", "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + bytes(values))
PYTHON
cp X.npy kept.npy
mkdir folder folder.npy folder.safetensors
mkfifo pipe pipe.npy pipe.safetensors
with_labels="--labels y.npy --test X2.npy --test-labels y2.npy"
"$pflow" fit --in X.npy --dims 3 --aug 3 --start 1 --strength 1 --out flow.safetensors >log

# soon STATUS WORDS COMMAND...: refuse, and at once: a pipe has no writer to wait for.
soon() {
  status=$1 words=$2
  shift 2
  refuse "$status" "$words" timeout 60 "$pflow" "$@"
}
for name in pipe folder; do
  soon 1 "$name: no regular file" info $name
  soon 1 "$name.npy: not a regular file" info $name.npy
  for command in "fit --out new.safetensors" suggest eval "plot --out new.png" \
    "transform --map flow.safetensors --out new.npy"; do
    # shellcheck disable=SC2086 # a command with its options
    soon 1 "$name.npy: not a regular file" $command --in $name.npy
  done
  soon 1 "$name.npy: not a regular file" eval --in X.npy --labels $name.npy
  soon 1 "$name: not a regular file" transform --map $name --in X.npy --out new.npy
  soon 1 "$name.npy: there is something that is no regular file" \
    transform --map flow.safetensors --in X.npy --out $name.npy
  soon 1 "$name.safetensors: there is something that is no regular file" \
    fit --in X.npy --out $name.safetensors
  # shellcheck disable=SC2086
  soon 1 "$name: there is something that is no regular file" \
    compare --in X.npy $with_labels --methods l2 --html $name
  [ ! -s refuse.out ] || { echo "compared before it was found that there is no place"; exit 1; }
done
soon 2 'a file is needed' info ''

for name in many more short long less none; do
  for command in info "suggest --in" "transform --map flow.safetensors --out new.npy --in"; do
    # shellcheck disable=SC2086
    soon 1 "$name.npy: " $command $name.npy
  done
done
soon 1 'order; in NumPy save numpy.ascontiguousarray(x)' suggest --in fortran.npy
soon 1 "float64; in NumPy save x.astype('float32')" info integers.npy
soon 1 "float64; in NumPy save x.astype('float32')" suggest --in big.npy
soon 1 "integers; in NumPy save y.astype('int64')" eval --in X.npy --labels fractions.npy
soon 1 'wide.npy: row 1, column 1 is inf as float32' suggest --in wide.npy
soon 1 'y.npy: values of 1 dimension, wants 2' suggest --in y.npy
soon 1 'complex.npy: values of type '\''<c8'\'', wants little-endian float16, float32 or float64' \
  suggest --in complex.npy
if grep -q NumPy refuse.err; then echo "no NumPy expression mends complex rows"; exit 1; fi
for command in transform inverse; do
  soon 1 'X.npy: a .npy file, not a safetensors file' \
    $command --map X.npy --in X.npy --out new.npy
done
soon 1 "foreign.safetensors: not a map: it has no text 'pflow.map.crc32'" \
  transform --map foreign.safetensors --in X.npy --out new.npy
soon 1 'pair.npz: a zip file, not a safetensors file' sample --map pair.npz --n 1 --out new.npy
soon 1 'labels.npy: ' eval --in X.npy --labels labels.npy
soon 1 'others.npy has no label that y.npy has' \
  eval --in X.npy --labels y.npy --test X2.npy --test-labels others.npy
"$pflow" eval --in X.npy --labels y.npy --test X2.npy --test-labels partly.npy >log 2>err
grep -q 'partly.npy: 7 of 100 labels are none of y.npy' err || { cat err; exit 1; }
soon 1 'minus.npy: label 0 is -1, wants 0 to' info minus.npy

# What is wrong with rows is said of their file, not of "map".
soon 1 'pflow fit: one.npy: fit to 1 row' fit --in one.npy --out new.safetensors
for method in poisson whiten; do
  soon 1 "pflow fit: alike.npy: all 50 rows are alike, $method wants rows that differ" \
    fit --in alike.npy --method $method --out new.safetensors
done
soon 1 'pflow suggest: alike.npy: all rows are alike' suggest --in alike.npy
soon 1 'pflow suggest: one.npy: too few rows for advice: 1, wants 4 or more' suggest --in one.npy
soon 1 'pflow eval: one.npy: too few rows to measure: 1, wants 3 or more' eval --in one.npy
"$pflow" info one.npy | grep -q 'one.npy: 1 row of 6 values' || { echo "one.npy: not 1 row"; exit 1; }
"$pflow" info quoted.npy | grep -q 'quoted.npy: 3 labels from 0 to 0, int32' || {
  echo "quoted.npy: not 3 labels"
  exit 1
}
"$pflow" info halves.npy --json | grep -q '"type": "float16"' || { echo "no halves"; exit 1; }
soon 1 'one.npy has 1 row, X.npy has 200' eval --in X.npy --reference one.npy
"$pflow" eval --in alike.npy >log 2>err
grep -q 'no effective rank: all rows are alike' err || { cat err; exit 1; }
if grep -q nan log; then echo "eval prints nan"; exit 1; fi
soon 1 'thin.npy: values in a row: 1, target sphere wants 2 or more' \
  fit --in thin.npy --out new.safetensors
for name in words.txt pair.npz; do
  soon 1 "$name: no file that pflow knows, or only part of one: .npy or .fvecs (rows), .npy or .ivecs (labels)" \
    info $name
done
soon 1 'one.npy: 1 row has no plane' plot --in one.npy --out new.png
"$pflow" fit --in X.npy --method l2 --out l2.safetensors >log
soon 1 'pflow transform: zero.npy: row 3 is 0' \
  transform --map l2.safetensors --in zero.npy --out new.npy
# Rows are those of the file, not of a block of it.
soon 1 'pflow transform: far.npy: row 9123 is 0' \
  transform --map l2.safetensors --in far.npy --out new.npy

# Whatever a name or a file says, an error is one line, and nothing steers the terminal.
soon 1 'a?b?[31m.npy: cannot open' info "$(printf 'a\nb\033[31m.npy')"
soon 2 'unknown option --a?b' fit "$(printf -- '--a\nb')"
"$pflow" info words.safetensors >log
grep -q 'one?\[31m?line' log && grep -q 'text?\[2J' log || { cat log; exit 1; }
if tr -d '\n' <log | grep -q '[[:cntrl:]]'; then echo "control characters"; exit 1; fi

# One file in two roles, by whatever name.
ln -s X.npy link.npy
ln y.npy hard.npy
for name in X.npy ./X.npy link.npy; do
  soon 2 '--out is the file of --in' fit --in X.npy --out $name
  soon 2 '--checkpoint is the file of --in' fit --in X.npy --checkpoint $name --out new.safetensors
  # shellcheck disable=SC2086
  soon 2 '--html is the file of --in' compare --in X.npy $with_labels --html $name
done
soon 2 '--out is the file of --labels' fit --in X.npy --labels y.npy --out hard.npy
soon 2 '--out is the file of --checkpoint' \
  fit --in X.npy --checkpoint new.safetensors --out new.safetensors
cp flow.safetensors flow.npy
soon 2 '--out is the file of --map' transform --map flow.npy --in X.npy --out ./flow.npy
soon 2 '--out is the file of --map' sample --map flow.npy --n 4 --out flow.npy
ln -s X.npy link.png
soon 2 '--out is the file of --in' plot --in X.npy --out link.png
cmp X.npy kept.npy
cmp flow.safetensors flow.npy

# The last of an option that is given twice counts.
"$pflow" transform --map flow.safetensors --in X.npy --out flat.npy --strength 0
"$pflow" transform --map flow.safetensors --in X.npy --out twice.npy --strength 1 --strength 0
cmp flat.npy twice.npy

# A link is replaced itself, and a replaced file keeps its mode.
cp X.npy behind.npy
ln -s behind.npy before.npy
chmod 600 twice.npy
for name in before twice; do
  "$pflow" transform --map flow.safetensors --in X.npy --out $name.npy --strength 0
  cmp flat.npy $name.npy
done
cmp behind.npy X.npy
[ "$(stat -c %a twice.npy)" = 600 ] || { echo "the mode is lost"; exit 1; }

# Standard output that takes nothing is a failure of every command that prints.
for command in "fit --in X.npy --method l2 --out l2.safetensors" "eval --in X.npy" \
  "suggest --in X.npy" "info X.npy" "plot --in X.npy --max-rows 9 --out few.png" \
  "compare --in X.npy $with_labels --methods l2"; do
  for end in '' --json; do
    case "$command$end" in plot*--json) continue ;; esac
    status=0
    # shellcheck disable=SC2086
    "$pflow" $command $end >/dev/full 2>err || status=$?
    [ $status = 1 ] && grep -q 'standard output' err ||
      { echo "$command $end on a full disk: $status, $(cat err)"; exit 1; }
  done
done

# A disk that is full: what was begun is taken away.
full_disk() {
  (
    ulimit -f 1 # 512 bytes
    "$pflow" "$@"
  )
}
before=$(ls -A)
refuse 1 'new.npy: cannot write' \
  full_disk transform --map flow.safetensors --in X.npy --out new.npy
refuse 1 'new.npy: cannot write' full_disk sample --map flow.safetensors --n 900 --out new.npy
refuse 1 'new.safetensors: cannot write' \
  full_disk fit --in X.npy --dims 3 --aug 3 --start 1 --strength 1 --out new.safetensors
refuse 1 'new.png: cannot write' full_disk plot --in X.npy --out new.png
mkdir closed
chmod 500 closed
if [ ! -w closed ]; then # root may write anywhere
  soon 1 'closed/new.safetensors: cannot write to its folder' \
    fit --in X.npy --out closed/new.safetensors
  soon 1 'closed/new.png: cannot write to its folder' plot --in X.npy --out closed/new.png
  soon 1 'closed/new.npy: cannot create' \
    transform --map flow.safetensors --in X.npy --out closed/new.npy
fi
rmdir closed
after=$(ls -A)
[ "$before" = "$after" ] || { echo "left behind: $after"; exit 1; }
echo "files that are not what they should be are named"
