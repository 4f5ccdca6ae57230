#!/bin/sh
# The pflow command: what it says of itself, and every command's usage errors.
#   check_pflow.sh BUILD_FOLDER
set -eu
pflow=$(cd "$1" && pwd)/bin/pflow
manual=$PWD/docs/man/pflow.1
completion=$PWD/src/pflow.bash
. tests/support/refuse.sh
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
commands=$("$pflow" --help | sed -n 's/^  \([a-z]\{1,9\}\) .*/\1/p' | grep -v '^pflow$')

version=$("$pflow" --version)
case $version in "pflow "[0-9]*.[0-9]*.[0-9]*) ;; *) echo "version: $version"; exit 1 ;; esac
"$pflow" help >help
"$pflow" --help | cmp - help
refuse 2 'a command is needed' "$pflow"
refuse 2 'unknown command "fits"' "$pflow" fits
refuse 2 'unknown command "fits"' "$pflow" help fits
refuse 2 'unexpected word "info"' "$pflow" help fit info

for command in $commands; do
  "$pflow" help "$command" >help
  "$pflow" "$command" --help | cmp - help
  # Each option has its line here and its place in the manual.
  for option in $(grep -o '^  --[a-z-]*' help); do
    grep -A3 "^  $option\( \|\$\)" help | grep -q '[a-z].*[a-z]' ||
      { echo "$command $option: no help"; exit 1; }
    [ "$option" = --help ] ||
      grep -qF -- "$(echo "$option" | sed 's/-/\\-/g')" "$manual" ||
      { echo "$command $option: not in the manual"; exit 1; }
  done
  awk 'length > 80 { print FILENAME ": " $0; bad = 1 } END { exit bad }' help
  refuse 2 'unknown option --none' "$pflow" "$command" --none
  refuse 2 'unknown option -x' "$pflow" "$command" -x
  refuse 2 '--help takes no value' "$pflow" "$command" --help=yes
  case $command in
  info) refuse 2 'unexpected word "more"' "$pflow" info file more ;;
  *) refuse 2 'unexpected word "more"' "$pflow" "$command" more ;;
  esac
done

refuse 2 '--in FILE is needed' "$pflow" fit --out map
refuse 2 '--out FILE is needed' "$pflow" fit --in X.npy
refuse 2 'ambiguous option --st' "$pflow" fit --st 1
refuse 2 '--in wants a value' "$pflow" fit --in
refuse 2 '--method wants one of poisson|none' "$pflow" fit --in X.npy --out m --method pca
refuse 2 '--field wants one of exact|network|post, got "exac"' \
  "$pflow" fit --in X.npy --out m --field exac
refuse 2 '--dims wants a whole number from 1 to 1000000 or auto, got "0"' \
  "$pflow" fit --in X.npy --out m --dims 0
for number in -1 1.5 1x '' ' 1' 99999999999999999999999; do
  refuse 2 '--dims wants' "$pflow" fit --in X.npy --out m --dims "$number"
  refuse 2 '--seed wants' "$pflow" fit --in X.npy --out m --seed "$number"
done
for number in 1.01 -0.1 nan inf 0.5x ' 0.5' ''; do
  refuse 2 '--strength wants a number from 0 to 1 or auto' \
    "$pflow" transform --map m --in X.npy --out Y.npy --strength "$number"
done
refuse 2 '--threads wants a whole number from 0 to 256' \
  "$pflow" suggest --in X.npy --threads 257
refuse 2 '--objective knn wants --labels' \
  "$pflow" fit --in X.npy --out m --objective knn
refuse 2 '--resume wants --checkpoint' "$pflow" fit --in X.npy --out m --resume
refuse 2 '--strength goes with --method poisson, not zca' \
  "$pflow" fit --in X.npy --out m --method zca --strength 0.5
refuse 2 '--field goes with --method poisson, not l2' \
  "$pflow" fit --in X.npy --out m --method l2 --field exact
refuse 2 '--out is the file of --in' "$pflow" fit --in X.npy --out X.npy
refuse 2 '--n N is needed' "$pflow" sample --map m --out Y.npy
refuse 2 '--n wants a whole number from 1' "$pflow" sample --map m --out Y.npy --n 0
refuse 2 '--map FILE is needed' "$pflow" inverse --in Y.npy --out X.npy
refuse 2 'a file is needed' "$pflow" info

# What does not come out is a failure.
if "$pflow" --help 2>err >/dev/full; then echo "a full disk is no failure"; exit 1; fi
grep -q 'standard output' err

if [ -n "$(command -v bash)" ]; then
  PATH=$(dirname "$pflow"):$PATH bash -s "$completion" <<'BASH'
. "$1"
offers() { # WORD OFFER...: after the words typed, completing the last one offers this
  COMP_WORDS=($1) COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
  [ "${1% }" = "$1" ] || { COMP_WORDS+=(''); COMP_CWORD=$((COMP_CWORD + 1)); }
  _pflow
  [ "${COMPREPLY[*]}" = "$2" ] || { echo "$1: ${COMPREPLY[*]}, not $2"; exit 1; }
}
offers 'pflow tr' transform
offers 'pflow help sug' suggest
offers 'pflow fit --str' --strength
offers 'pflow fit --field ' 'exact network post'
offers 'pflow fit --target h' hemisphere
offers 'pflow sample --th' --threads
BASH
fi
echo "$(echo $commands | wc -w) commands say what they want"
