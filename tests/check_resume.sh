#!/bin/sh
# The experiment ends with the same bits for 1, 2 and 3 threads, and when it was killed
# after an epoch and resumed.
#   check_resume.sh BUILD_FOLDER
set -u
program=$1/bin/cifar10
[ -x "$program" ] || { echo "skipped: the examples are not built"; exit 77; }
scratch=$(mktemp -d) || exit 1
trap 'rm -rf "$scratch"' EXIT
failed=0

run() {
  out=$scratch/$1
  shift
  "$program" --preset smoke --data synthetic --out "$out" "$@" >"$out.log" 2>&1
}

# same A B: both runs left the same models and the same table.
same() {
  for file in encoder.safetensors field.safetensors table.md; do
    if ! cmp -s "$scratch/$2/$file" "$scratch/$3/$file"; then
      echo "FAILED  $1: $file differs"
      failed=1
      return
    fi
  done
  echo "ok      $1"
}

run one --threads 1 --epochs 3 || { cat "$scratch/one.log"; exit 1; }
run two --threads 2 --epochs 3
run three --threads 3 --epochs 3
same "2 threads give the bits of 1" one two
same "3 threads give the bits of 1" one three

"$program" --preset smoke --data synthetic --out "$scratch/broken" --threads 2 --epochs 3 \
  >"$scratch/broken.log" 2>&1 &
victim=$!
# Kill it as soon as its first checkpoint is there.
for _ in $(seq 600); do
  [ -s "$scratch/broken/checkpoint.safetensors" ] && break
  sleep 0.05
done
kill -9 $victim
wait $victim 2>/dev/null
run broken --threads 1 --epochs 3 --resume
grep -q '^resuming after epoch' "$scratch/broken.log" || {
  echo "FAILED  the killed run was not resumed"
  failed=1
}
same "killed and resumed equals unbroken" one broken

# A checkpoint of other settings is refused.
if run broken --epochs 4 --lr 0.5 --resume ||
  ! grep -q 'made with --lr 0.001, this run has --lr 0.5' "$scratch/broken.log"; then
  echo "FAILED  a checkpoint of other settings was taken, or not for its settings refused"
  failed=1
else
  echo "ok      a checkpoint of other settings is refused"
fi
exit $failed
