#!/bin/sh
# The experiment's command line: exit codes, messages, its manual page, its progress bar.
#   check_cifar10.sh BUILD_FOLDER
set -u
program=$1/bin/cifar10
[ -x "$program" ] || { echo "skipped: the examples are not built"; exit 77; }
scratch=$(mktemp -d) || exit 1
trap 'rm -rf "$scratch"' EXIT
failed=0

. tests/support/refuses.sh

smoke="--preset smoke --data synthetic"
refuses 2 'data DIR is needed'
refuses 2 'unknown option --bogus; see' --bogus
refuses 2 'unknown option -x; see' -xy
refuses 2 'data wants a value; see' --data
refuses 2 'unexpected word "extra"' --data x extra
refuses 2 'epochs wants a whole number from 1 to' --data x --epochs 0
refuses 2 'epochs wants a whole number from 1 to 1000000, got "1.5"' --data x --epochs 1.5
refuses 2 'lr wants a number from 0 to 1000, got "nan"' --data x --lr nan
refuses 2 'm-max wants .*, got "-2"' --data x --m-max=-2
refuses 2 'm-max wants -1 or a number from 0 on, got -0.5' --data x --m-max=-0.5
refuses 0 '^usage: cifar10 --data DIR' --help
refuses 0 '^libpflow [0-9]' --version
refuses 2 'atol wants .*, got "0"' --data x --atol 0
refuses 2 'seed wants a whole number from 0 to 9223372036854775807, got "-1"' --data x --seed -1
refuses 2 'seed wants .* to 9223372036854775807, got' --data x --seed 9223372036854775808
refuses 2 'seed wants .* to 9223372036854775807, got' --data x --seed 99999999999999999999
refuses 2 'ode wants one of euler|.*, got "rk"' --data x --ode rk
refuses 2 'test-limit wants a whole number from 2 .* or 0, got "1"' --data x --test-limit 1
refuses 1 "data $scratch/none: No such" --data "$scratch/none" --out "$scratch/out"
mkdir "$scratch/empty"
refuses 1 "data $scratch/empty: holds neither" --data "$scratch/empty" --out "$scratch/out"

# A place that cannot be written is found before the training.
: >"$scratch/file"
for out in file none/out; do
  # shellcheck disable=SC2086 # words
  refuses 1 "out $scratch/$out: " $smoke --out "$scratch/$out"
  grep -q epoch "$scratch/log" && { echo "FAILED  trained before $out"; failed=1; }
done

# Broken checkpoints.
mkdir -p "$scratch/out"
for bytes in 0 7 100; do
  head -c $bytes /dev/zero >"$scratch/out/checkpoint.safetensors"
  # shellcheck disable=SC2086
  refuses 1 "out/checkpoint.safetensors: " $smoke --out "$scratch/out" --resume
done
rm "$scratch/out/checkpoint.safetensors"

if [ -c /dev/full ] && "$program" --help >/dev/full 2>/dev/null; then
  echo "FAILED  --help does not notice a full standard output"
  failed=1
fi

# Every option is in the manual page.
for option in $("$program" --help | sed -n 's/^  --\([a-z-]*\).*/\1/p'); do
  sed 's/\\-/-/g' docs/man/cifar10.1 | grep -q -e "--$option" || {
    echo "FAILED  --$option is not in docs/man/cifar10.1"
    failed=1
  }
done

# On a terminal the bar keeps to one line; elsewhere there is none.
if command -v script >/dev/null; then
  script -qec "stty cols 60; '$program' $smoke --epochs 1 --out '$scratch/out'" \
    /dev/null >"$scratch/log" 2>&1 </dev/null
  tr '\r' '\n' <"$scratch/log" | sed -n 's/^.\[K//p' | grep '\] *[0-9]*%' >"$scratch/bars"
  if ! grep -q '^field \[####*\.*\] ' "$scratch/bars" || grep -q '.\{60\}' "$scratch/bars"; then
    echo "FAILED  the bar on a terminal of 60 columns:"
    cat "$scratch/bars"
    failed=1
  fi
fi
# shellcheck disable=SC2086
refuses 0 '^| Poisson flow + refit' $smoke --epochs 1 --out "$scratch/out" --clock z
if grep -q "$(printf '[\033\r]')" "$scratch/log"; then
  echo "FAILED  control characters outside a terminal"
  failed=1
fi
for file in table.md results.json loss.png features.png checkpoint.safetensors \
  encoder.safetensors field.safetensors train_x.npy train_y.npy test_x.npy test_y.npy; do
  [ -s "$scratch/out/$file" ] || { echo "FAILED  no $file"; failed=1; }
done
# The legend of the accuracies is not where their curves end.
if [ -n "$(command -v python3)" ]; then
  python3 - "$scratch/out/loss.png" <<'PYTHON' || failed=1
import struct
import sys
import zlib

file = open(sys.argv[1], "rb").read()
width, height = struct.unpack(">II", file[16:24])
packed, at = b"", 8
while at < len(file):
    size = struct.unpack(">I", file[at : at + 4])[0]
    if file[at + 4 : at + 8] == b"IDAT":
        packed += file[at + 8 : at + 8 + size]
    at += size + 12
raw, rows, above = zlib.decompress(packed), [], bytes(3 * width)


def paeth(a, b, c):
    return min((a, b, c), key=lambda v: abs(a + b - c - v))


for y in range(height):
    kind, *line = raw[y * (3 * width + 1) : (y + 1) * (3 * width + 1)]
    for i, b in enumerate(above):
        a, c = (line[i - 3], above[i - 3]) if i >= 3 else (0, 0)
        line[i] = line[i] + (0, a, b, (a + b) // 2, paeth(a, b, c))[kind] & 255
    above = bytes(line)
    rows.append(above)


def dark(x0, x1, y0, y1):
    return sum(rows[y][3 * x] < 90 for y in range(y0, y1) for x in range(x0, x1))


panel = 420
if dark(panel + 250, panel + 400, 36, 100) or not dark(panel + 250, panel + 400, 240, 290):
    sys.exit("FAILED  the legend of loss.png is not in the lower right corner")
PYTHON
fi
exit $failed
