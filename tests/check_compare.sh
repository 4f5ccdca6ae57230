#!/bin/sh
# pflow compare: its numbers against NumPy, its advice, its JSON, and what it refuses.
#   check_compare.sh BUILD_FOLDER        77: skipped
set -eu
pflow=$(cd "$1" && pwd)/bin/pflow
. tests/support/python.sh
. tests/support/refuse.sh
checks=$(pwd)/tests/support/check_compare.py
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"$python" tests/support/make_clusters.py "$folder" 300 150 8 4
cd "$folder"
"$python" "$checks" make

# compare NAME SUFFIX WORDS...: on X, y, X2, y2 with that suffix, as JSON to NAME.json.
compare() {
  name=$1 rows=$2
  shift 2
  "$pflow" compare --in "X$rows.npy" --labels "y$rows.npy" --test "X2$rows.npy" \
    --test-labels "y2$rows.npy" --json "$@" >"$name.json" 2>err || { cat err; exit 1; }
  [ ! -s err ] || { echo "$name: not quiet: $(cat err)"; exit 1; }
}
quick=none,center,l2,whiten,zca,abtt,rotate,quantile
compare clusters "" --methods "$quick,poisson-exact,poisson-exact@0.5" --threads 1
compare again "" --methods "$quick,poisson-exact,poisson-exact@0.5" --threads 3
compare seeds "" --methods rotate,whiten --seeds 3
compare few "" --methods l2 --max-rows 100 --max-test 50 --seed 4
# Learned maps, with the same ones fitted beforehand as witnesses.
for map in network post; do
  "$pflow" fit --in X.npy --field $map --out $map.safetensors --threads 1 $(
    [ $map = post ] || echo --steps 300) >out
  for rows in X X2; do
    "$pflow" transform --map $map.safetensors --in $rows.npy --out $rows.$map.npy
  done
done
"$pflow" inverse --map network.safetensors --in X2.network.npy --out X2.back.npy
compare learned "" --methods poisson-network,poisson-post,network.safetensors --steps 300 \
  --seeds 2
compare buried _buried --methods "$quick"
compare noise _noise --methods "$quick"
compare zero _zero --methods l2
"$python" "$checks" check

on_files="--in X.npy --labels y.npy --test X2.npy --test-labels y2.npy"
# shellcheck disable=SC2086 # one word each
{
  "$pflow" compare $on_files --methods "$quick" >out
  "$pflow" compare $on_files --methods "$quick" --markdown >out.md
  ! grep beware out out.md || exit 1
  "$pflow" compare --in X.npy --labels y.npy --test X.npy --test-labels y.npy \
    --methods l2 --html same.html >same
  for seen in same same.html; do
    grep -q '300 of the 300 test rows are equal to training rows' "$seen" || exit 1
  done
  "$pflow" compare --in X_huge.npy --labels y_huge.npy --test X2_huge.npy \
    --test-labels y2_huge.npy --methods l2,rotate --html huge.html >huge
  grep -q 'rotate: not compared: transform of row 7: .* is -*inf' huge || exit 1
  grep -q 'plane not drawn: transform of row 7: .* is -*inf' huge.html || exit 1
  refuse 1 'X_huge.npy: transform of row 7' "$pflow" plot --in X_huge.npy --out huge.png
  refuse 2 '--labels y.npy is needed' "$pflow" compare --in X.npy
  refuse 2 '--json does not go with --markdown' "$pflow" compare $on_files --json --markdown
  refuse 2 'got "magic"' "$pflow" compare $on_files --methods none,magic
  refuse 2 'got ""' "$pflow" compare $on_files --methods none,,l2
  refuse 2 'poisson-exact@2' "$pflow" compare $on_files --methods poisson-exact@2
  refuse 2 'whiten@1' "$pflow" compare $on_files --methods whiten@1
  refuse 2 'l2 twice' "$pflow" compare $on_files --methods l2,l2
  refuse 1 'none.safetensors' "$pflow" compare $on_files --methods none.safetensors
  cp X.npy rows.safetensors
  refuse 1 'rows.safetensors' "$pflow" compare $on_files --methods rows.safetensors
  refuse 1 'network.safetensors takes rows of 8 values, X_noise.npy has 6' \
    "$pflow" compare --in X_noise.npy --labels y_noise.npy --test X2_noise.npy \
    --test-labels y2_noise.npy --methods network.safetensors
  refuse 1 'no/page.html' "$pflow" compare $on_files --methods l2 --html no/page.html
  refuse 1 'y2.npy has 150 labels' "$pflow" compare --in X.npy --labels y2.npy \
    --test X2.npy --test-labels y2.npy
  refuse 1 'X_noise.npy has 6' "$pflow" compare --in X.npy --labels y.npy \
    --test X_noise.npy --test-labels y_noise.npy
  refuse 1 'few.npy: too few rows to compare on: 19' "$pflow" compare --in few.npy --labels few_y.npy \
    --test X2.npy --test-labels y2.npy
}
widest=$(awk '{ if (length > most && !/^[0-9]+ classes|^Use|^Leave/) most = length } END { print most }' out)
[ "$widest" -le 120 ] || { echo "the tables take $widest columns"; exit 1; }
tail -n 1 out | grep -qE '^(Use |Leave these features alone)' || { echo "no advice"; exit 1; }
grep -q '^| rotate |' out.md || { echo "no Markdown"; exit 1; }
echo "compare: $(tail -n 1 out)"
