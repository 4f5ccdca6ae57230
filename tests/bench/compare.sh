#!/bin/sh
# Times libpflow and PyTorch in turn on the same jobs and prints the ratio round by round.
#
#   sh tests/bench/compare.sh [ROUNDS]      default 3; needs a built tree in build/
#
# Installs Debian's python3-torch where it can. Threads of both: OMP_NUM_THREADS and
# OPENBLAS_NUM_THREADS as set by the caller, else one a processor.
set -eu
cd "$(dirname "$0")/../.."
. cmake/need.sh
need_packages python3-torch
rounds=${1:-3}
peer="/usr/bin/python3 tests/bench/peer.py"

echo "$(date -u +%Y-%m-%d), $(nproc) processors: $(sed -n 's/^model name.*: //p' /proc/cpuinfo | head -n 1)"
echo "PyTorch $(/usr/bin/python3 -c 'import torch; print(torch.__version__)')"

# compare JOB OURS PEER: a line with the medians of the times and of their ratio.
compare() {
  for _ in $(seq "$rounds"); do
    echo "$($2 | cut -d " " -f 1) $($peer "$3")"
  done | awk -v job="$1" '
    function sort(a, n,   i, j, t) {
      for (i = 2; i <= n; i++)
        for (j = i; j > 1 && a[j - 1] > a[j]; j--) { t = a[j]; a[j] = a[j - 1]; a[j - 1] = t }
    }
    { ours[NR] = $1; peer[NR] = $2; ratio[NR] = $2 / $1 }
    END {
      sort(ours, NR); sort(peer, NR); sort(ratio, NR); m = int((NR + 1) / 2)
      printf "%-34s libpflow %9.2f ms  PyTorch %9.2f ms  PyTorch/libpflow %7.2f (%.2f to %.2f)\n",
             job, 1e3 * ours[m], 1e3 * peer[m], ratio[m], ratio[1], ratio[NR]
    }'
}

compare "train step, channels-last peer" build/bin/bench_train_step train_step
compare "train step, NCHW peer" build/bin/bench_train_step train_step_nchw
compare "field step, broadcast peer" build/bin/bench_field_step field_step
compare "field step, matmul peer" build/bin/bench_field_step field_step_matmul
