#!/bin/sh
# Training without labels: exit codes, messages, the files it leaves, and the same bits when
# it is resumed and with other threads.
#   check_unsupervised.sh BUILD_FOLDER
set -u
program=$1/bin/unsupervised
[ -x "$program" ] || { echo "skipped: the examples are not built"; exit 77; }
scratch=$(mktemp -d) || exit 1
trap 'rm -rf "$scratch"' EXIT
failed=0

. tests/support/refuses.sh

refuses 2 'data DIR is needed'
refuses 2 'unknown option --bogus' --data x --bogus
refuses 2 'loss wants one of align-uniform|infonce|l2, got "x"' --data x --loss x
refuses 2 'beta wants a number from 1 to 16, got "0.5"' --data x --beta 0.5
refuses 2 'batch wants a whole number from 2' --data x --batch 1
refuses 2 'epochs wants a whole number' --data x --epochs 0
refuses 0 'two views of each image' --help
refuses 0 '^usage: unsupervised --data DIR' --help
refuses 1 "data $scratch/none: No such" --data "$scratch/none" --out "$scratch/out"
: >"$scratch/file"
refuses 1 "out $scratch/file: " --data synthetic --out "$scratch/file"

# run NAME OPTION...: a run of a few seconds into its own folder.
run() {
  out=$scratch/$1
  shift
  "$program" --preset smoke --data synthetic --out "$out" "$@" >"$out.log" 2>&1
}

# same WHAT A B: both runs left the same network and the same table.
same() {
  for file in encoder.safetensors train_x.npy table.md; do
    cmp -s "$scratch/$2/$file" "$scratch/$3/$file" && continue
    echo "FAILED  $1: $file differs"
    failed=1
  done
}

# All at a time, each of one thread; each says by a file that it ended well.
for loss in align-uniform infonce l2; do
  { run "$loss" --loss $loss --threads 1 && : >"$scratch/$loss.ended"; } &
done
run resumed --threads 2 --epochs 1
run resumed --threads 2 --epochs 2 --resume
wait
for loss in align-uniform infonce l2; do
  [ -e "$scratch/$loss.ended" ] || { cat "$scratch/$loss.log"; exit 1; }
  for row in 'trained without labels' 'the same, Poisson map' 'the same, PCA-whitened' \
    'untrained network'; do
    grep -q "^| $row" "$scratch/$loss/table.md" || {
      echo "FAILED  --loss $loss: no row \"$row\""
      failed=1
    }
  done
done
for file in table.md results.json checkpoint.safetensors encoder.safetensors train_x.npy \
  train_y.npy test_x.npy test_y.npy; do
  [ -s "$scratch/l2/$file" ] || { echo "FAILED  no $file"; failed=1; }
done

grep -q '^resuming after epoch 1' "$scratch/resumed.log" || {
  echo "FAILED  the run was not resumed"
  failed=1
}
same "resumed with 2 threads equals unbroken with 1" align-uniform resumed
refuses 1 'made with --lr 0.001, this run has --lr 0.5' --preset smoke --data synthetic \
  --out "$scratch/resumed" --resume --lr 0.5

# Other features of the same images, and of others.
refuses 0 '^| trained with labels' --preset smoke --data synthetic --out "$scratch/l2" \
  --loss l2 --resume --supervised "$scratch/infonce"
refuses 1 'not the labels of these images' --preset smoke --data synthetic \
  --train-limit 350 --epochs 1 --out "$scratch/more" --supervised "$scratch/infonce"
exit $failed
