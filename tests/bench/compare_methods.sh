#!/bin/sh
# Compares all methods on a folder of features, and puts the tables into a page between
# the lines "<!-- compare: NAME -->" and "<!-- end -->", with where they come from.
#
#   compare_methods.sh BUILD_FOLDER FEATURES NAME PAGE [OPTION ...]
#
# FEATURES has train_x.npy, train_y.npy, test_x.npy and test_y.npy, as examples/cifar10
# leaves them. Options go to pflow compare, and into the page but for --html FILE.
set -eu
build=$(cd "$1" && pwd) features=$2 name=$3 page=$(cd "$(dirname "$4")" && pwd)/$(basename "$4")
shift 4
grep -q "^<!-- compare: $name -->\$" "$page" || { echo "$page has no place for $name"; exit 1; }
commit=$(git rev-parse --short HEAD)
[ -z "$(git status --porcelain --untracked-files=no -- lib src include)" ] || commit="$commit and changes"
machine=$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
shown=$(echo "$*" | sed 's/ *--html [^ ]*//')
start=$(date +%s)
(cd "$features" && "$build/bin/pflow" compare --in train_x.npy --labels train_y.npy \
  --test test_x.npy --test-labels test_y.npy --markdown "$@") >"$scratch/tables"
{
  echo "<!-- compare: $name -->"
  echo "Commit $commit, $(date -u +%Y-%m-%d), $machine, $(nproc) processors," \
    "$(($(date +%s) - start)) s in all. Options: \`$shown\`."
  echo
  cat "$scratch/tables"
  echo "<!-- end -->"
} >"$scratch/block"
awk -v block="$scratch/block" -v mark="<!-- compare: $name -->" '
  $0 == mark { while ((getline line <block) > 0) print line; inside = 1 }
  !inside { print }
  $0 == "<!-- end -->" { inside = 0 }' "$page" >"$scratch/page"
cp "$scratch/page" "$page"
