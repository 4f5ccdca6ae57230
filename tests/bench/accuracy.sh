#!/bin/sh
# Accuracy after the same epochs with the plain C loops (PFLOW_CPU=reference) and with the
# fast ones: short runs of the experiment with several seeds, on the same images.
#
#   sh tests/bench/accuracy.sh [--seeds N] [--build DIR] [OPTION of cifar10 ...]
#
# Default: 3 seeds of --preset quick --data synthetic --train-limit 4000 --test-limit 2000
# --epochs 3. --data DIR takes real images, e.g. Debian's dataset-fashion-mnist
# (/usr/share/datasets/fashion-mnist). Ends with a line that says whether the means differ by
# more than the seeds do: more than two standard errors of the difference, or one part in a
# thousand if that is more.
set -eu
cd "$(dirname "$0")/../.."
seeds=3 build=build
while [ $# -gt 0 ]; do
  case $1 in
    --seeds) seeds=$2; shift 2 ;;
    --build) build=$2; shift 2 ;;
    *) break ;;
  esac
done
[ -x "$build/bin/cifar10" ] || { echo "$build/bin/cifar10 is missing: build it first"; exit 1; }
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# run LEVEL SEED OPTION ...: test accuracy of the encoder after its last epoch, in per cent.
run() {
  level=$1 seed=$2
  shift 2
  PFLOW_CPU=$level "$build/bin/cifar10" --preset quick --data synthetic --train-limit 4000 \
    --test-limit 2000 --epochs 3 --field-epochs 1 --ode-steps 1 --probe-iters 5 \
    --out "$scratch" --seed "$seed" "$@" >"$scratch/log" 2>&1 ||
    { cat "$scratch/log" >&2; exit 1; }
  sed -n 's/^epoch.*test \([0-9.]*\) %.*/\1/p' "$scratch/log" | tail -n 1
}

printf 'commit %s, %s; options: %s\n' "$(git describe --always --dirty)" "$(date +%F)" \
  "$(echo "$*" | sed 's|[^ ]*/||g')"
printf '%4s  %9s  %9s\n' seed reference default
for seed in $(seq "$seeds"); do
  plain=$(run reference "$seed" "$@")
  fast=$(run "" "$seed" "$@")
  printf '%4s  %7s %%  %7s %%\n' "$seed" "$plain" "$fast"
  echo "$plain $fast" >>"$scratch/pairs"
done
awk '
  { n++; a += $1; b += $2; aa += $1 * $1; bb += $2 * $2 }
  function deviation(sum, squares) {
    return n > 1 ? sqrt(max0((squares - sum * sum / n) / (n - 1))) : 0
  }
  function max0(x) { return x > 0 ? x : 0 }
  END {
    sa = deviation(a, aa); sb = deviation(b, bb)
    printf "mean  %7.2f %%  %7.2f %%\n", a / n, b / n
    printf "std   %7.2f %%  %7.2f %%   (between seeds)\n", sa, sb
    gap = b / n - a / n; size = gap < 0 ? -gap : gap
    limit = 2 * sqrt((sa * sa + sb * sb) / n); if (limit < 0.1) limit = 0.1
    within = size <= limit
    printf "the means differ by %+.2f points, %s what seeds make of it (%.2f)\n", gap,
           within ? "within" : "MORE THAN", limit
    exit !within
  }' "$scratch/pairs"
