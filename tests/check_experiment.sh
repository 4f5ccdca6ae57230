#!/bin/sh
# The experiment's program and page: exit codes, messages, its manual page, the cells and
# what is known of them, a run that was killed, one without its encoders.
#   check_experiment.sh BUILD_FOLDER
set -u
program=$1/bin/experiment
encoder=$1/bin/cifar10
[ -x "$program" ] || { echo "skipped: the examples are not built"; exit 77; }
scratch=$(mktemp -d) || exit 1
trap 'rm -rf "$scratch"' EXIT
failed=0

. tests/support/refuses.sh

says_failed() {
  echo "FAILED  $*"
  failed=1
}

refuses 2 'encoders DATASET=DIR,... is needed'
refuses 2 'unknown option --bogus' --encoders a=b --bogus
refuses 2 'arms: no arm "none"' --encoders a=b --arms raw,none --out "$scratch/none"
refuses 2 'flow-seeds wants a whole number from 1' --encoders a=b --flow-seeds 0
refuses 1 'encoders: "b" is no DATASET=FOLDER' --encoders a=b,b --out "$scratch/none"
refuses 1 'x: no train_x.npy, and 1 cells of a.0 are still' --encoders a="$scratch/x" \
  --arms raw --out "$scratch/none"
refuses 0 'DATASET=DIR' --help
for option in $("$program" --help | sed -n 's/^  --\([a-z-]*\).*/\1/p'); do
  sed 's/\\-/-/g' docs/man/experiment.1 | grep -q -e "--$option" ||
    says_failed "--$option is not in docs/man/experiment.1"
done

# Two networks on artificial images, one of which has seen images of another kind.
for seed in 0 1; do
  "$encoder" --preset smoke --data synthetic --train-limit 100 --test-limit 100 --seed $seed \
    --field-epochs 1 --out "$scratch/$seed" >"$scratch/log" 2>&1 ||
    { cat "$scratch/log"; exit 1; }
done
"$encoder" --preset smoke --data synthetic --test-limit 60 --seed 5 --encode \
  --out "$scratch/0" >"$scratch/log" 2>&1 || { cat "$scratch/log"; exit 1; }
arms=raw,scaled,rotation,whitened,random-mlp,post-euler,dose-0,exact-d128

# run FOLDER OPTION...: the arms on both encoders. run_as exec ... becomes the program.
run() { run_as command "$@"; }
run_as() {
  how=$1 out=$scratch/$2
  shift 2
  "$how" "$program" --encoders "art=$scratch/0,art=$scratch/1" --arms $arms --flow-seeds 2 \
    --field-rows 80 --out "$out" "$@"
}

run whole --commit abc1234 >"$scratch/log" 2>&1 || { cat "$scratch/log"; exit 1; }
for e in 0 1; do
  for cell in raw-0 scaled-0 rotation-0 rotation-1 whitened-0 random-mlp-0 random-mlp-1 \
    post-euler-0 post-euler-1 dose-0-0 exact-d128-0; do
    [ -s "$scratch/whole/art.$e/$cell.json" ] && [ -s "$scratch/whole/art.$e/$cell.npy" ] ||
      says_failed "no cell $cell of encoder $e"
  done
done
[ -e "$scratch/whole/art.0/field.safetensors" ] && says_failed "a field network was left"

# Times and days differ from run to run; nothing else does.
same() {
  for folder in "$2" "$3"; do
    grep -v '"seconds"\|"date"' "$scratch/$folder/results.json" >"$scratch/$folder.json"
  done
  cmp "$scratch/$2.json" "$scratch/$3.json" || says_failed "$1"
}

# Killed as soon as a few cells are there, and run again.
(run_as exec killed --commit abc1234) >"$scratch/log" 2>&1 &
pid=$! # of the program
while kill -0 $pid 2>/dev/null && [ ! -e "$scratch/killed/art.0/rotation-0.json" ]; do
  sleep 0.1
done
kill -9 $pid 2>/dev/null || says_failed "the run ended before it was killed"
wait $pid 2>/dev/null
[ -e "$scratch/killed/art.1/exact-d128-0.json" ] && says_failed "killed too late"
run killed --commit abc1234 --threads 1 >"$scratch/log" 2>&1 ||
  says_failed "the killed run does not go on: $(tail -n 1 "$scratch/log")"
same "a killed run that went on differs" whole killed

# Cells of other settings or features are not mixed.
refuses 1 'made with another --field-rows' --encoders "art=$scratch/0" --arms raw \
  --out "$scratch/whole"
refuses 1 '1/train_x.npy: not the features that' --encoders "art=$scratch/1" --arms raw \
  --field-rows 80 --out "$scratch/whole"

# Without the encoders' folders: all cells are there, or what is there.
cp -r "$scratch/whole" "$scratch/gone"
mv "$scratch/1" "$scratch/away"
rm "$scratch/gone/results.json"
run gone >"$scratch/log" 2>&1 || says_failed "needs an encoder whose cells are all there"
same "the summary differs without an encoder's folder" whole gone
rm "$scratch/gone/art.1/exact-d128-0.json"
run gone >"$scratch/log" 2>&1 && says_failed "a cell is missing, and it was not said"
run gone --summary >"$scratch/log" 2>&1 || says_failed "--summary needs a cell"
mv "$scratch/away" "$scratch/1"

# What is known beforehand of arms, and the page.
. tests/support/python.sh
"$python" tests/support/check_experiment.py results "$scratch/whole/results.json" \
  "$scratch/gone/results.json" || failed=1
mkdir "$scratch/page"
printf '# Title\n<!-- results -->\nold\n<!-- end -->\ntail\n' >"$scratch/page/page.md"
"$python" examples/experiment/report.py "$scratch/whole/results.json" \
  "$scratch/page/page" || failed=1
"$python" tests/support/check_experiment.py page "$scratch/page/page.md" || failed=1

# The page that report.py fills.
grep -q '^<!-- results -->$' docs/experiment.md && grep -q '^<!-- end -->$' docs/experiment.md ||
  says_failed "docs/experiment.md has no marks"

. tests/support/browser.sh
if [ -z "$browser" ]; then
  echo "the page was not opened: no chromium"
  exit $failed
fi
cp tests/support/look_at_page.html "$scratch/page"
for width in 390 1200; do
  look "$scratch/page" page.html $width || exit 1
  "$python" tests/support/check_experiment.py seen "$scratch/page/dom.html" $width || failed=1
done
exit $failed
