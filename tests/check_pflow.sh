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

version=$("$pflow" --version | head -n 1)
"$pflow" --version | grep -qx 'kernel level [a-z0-9]*'
case $version in "pflow "[0-9]*.[0-9]*.[0-9]*) ;; *) echo "version: $version"; exit 1 ;; esac
"$pflow" help >help
"$pflow" --help | cmp - help
refuse 2 'a command is needed' "$pflow"
refuse 2 'unknown command "fits", wants one of fit, transform, inverse' "$pflow" fits
refuse 2 'unknown command "fits"' "$pflow" help fits
refuse 2 'unexpected word "info"' "$pflow" help fit info

for command in $commands; do
  "$pflow" help "$command" >help
  "$pflow" "$command" --help | cmp - help
  grep -q "^usage: pflow $command " help || { echo "$command: no usage"; exit 1; }
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
  sample) refuse 2 'unexpected word "more"; see' "$pflow" sample more ;;
  *)
    refuse 2 'unexpected word "more", rows are given by --in; see' "$pflow" "$command" more
    refuse 2 'unexpected word "more"; see' "$pflow" "$command" --in X.npy more
    ;;
  esac
done

refuse 2 '--in FILE is needed' "$pflow" fit --out map
refuse 2 '--out FILE is needed' "$pflow" fit --in X.npy
refuse 2 'ambiguous option --st' "$pflow" fit --st 1
refuse 2 '--in wants a value' "$pflow" fit --in
refuse 2 '--method wants one of poisson|none' "$pflow" fit --in X.npy --out m --method pca
refuse 2 '--field wants one of exact|network|post, got "exac"' \
  "$pflow" fit --in X.npy --out m --field exac
# Every number that a command takes: what is said of one that it does not.
#   COMMAND --OPTION; what it wants; two values just outside
numbers='
fit --dims; a whole number from 1 to 1000000 or auto; 0 1000001
fit --aug; a number from 1 to 1e+30 or auto; 0.999 1.1e30
fit --start; a number from 1e-06 to 1000000 or auto; 0 1000000.1
fit --strength; a number from 0 to 1 or auto; -1e-9 1.01
fit --sources; a whole number from 2 to 1000000000000 or 0; 1 1000000000001
fit --steps; a whole number from 0 to 1000000000; -1 1000000001
fit --seed; a whole number from 0 to 9223372036854775807; -1 9223372036854775808
fit --threads; a whole number from 0 to 256; -1 257
fit --checkpoint-every; a number from 0 to 1000000; -1e-9 1000001
transform --strength; a number from 0 to 1 or auto; -1e-9 1.01
transform --threads; a whole number from 0 to 256; -1 257
inverse --strength; a number from 0 to 1 or auto; -1e-9 1.01
inverse --threads; a whole number from 0 to 256; -1 257
sample --n; a whole number from 1 to 1000000000000; 0 1000000000001
sample --seed; a whole number from 0 to 9223372036854775807; -1 9223372036854775808
sample --threads; a whole number from 0 to 256; -1 257
eval --max-rows; a whole number from 3 to 1000000000 or 0; 2 1000000001
eval --seed; a whole number from 0 to 9223372036854775807; -1 9223372036854775808
eval --threads; a whole number from 0 to 256; -1 257
compare --seeds; a whole number from 1 to 1000; 0 1001
compare --steps; a whole number from 0 to 1000000000; -1 1000000001
compare --max-rows; a whole number from 20 to 1000000000 or 0; 19 1000000001
compare --max-test; a whole number from 20 to 1000000000 or 0; 19 1000000001
compare --seed; a whole number from 0 to 9223372036854775807; -1 9223372036854775808
compare --threads; a whole number from 0 to 256; -1 257
suggest --max-rows; a whole number from 4 to 1000000000000 or 0; 3 1000000000001
suggest --seed; a whole number from 0 to 9223372036854775807; -1 9223372036854775808
suggest --threads; a whole number from 0 to 256; -1 257
plot --max-rows; a whole number from 2 to 1000000000 or 0; 1 1000000001
plot --seed; a whole number from 0 to 9223372036854775807; -1 9223372036854775808
'
echo "$numbers" | grep . >table
# In the background: it starts the command some hundred times.
(
  mkdir numbers
  cd numbers
  while IFS=';' read -r option wants values; do
    for number in $values 1x x nan inf '' ' 1' 99999999999999999999999999999999; do
      # shellcheck disable=SC2086 # the command and its option
      refuse 2 "${option#* } wants$wants, got \"$number\"" "$pflow" $option "$number"
    done
  done <../table
) &
of_numbers=$!
# The table has them all.
for command in $commands; do
  "$pflow" help "$command" |
    sed -n "s/^  \(--[a-z-]*\) [A-Z]\(|auto\)\{0,1\}\( .*\|\$\)/$command \1/p"
done >found
sed 's/;.*//' table | cmp - found

for choice in method:poisson field:exact target:sphere objective:neighbours; do
  for word in foo '' "${choice#*:}x" "${choice#*:}|"; do
    refuse 2 "--${choice%:*} wants one of ${choice#*:}|" \
      "$pflow" fit --in X.npy --out m "--${choice%:*}" "$word"
  done
done
# Options that would change nothing.
for option in 'aug 1' 'start 1' 'strength 1' 'target raw' 'objective knn' 'dims 2' 'sources 2' \
  'steps 2' 'checkpoint c'; do
  # shellcheck disable=SC2086 # the option and its value
  refuse 2 "--${option% *} goes with --field" \
    "$pflow" fit --in X.npy --out m --field post --$option
  # shellcheck disable=SC2086
  refuse 2 "--${option% *} goes with --method poisson" \
    "$pflow" fit --in X.npy --out m --method l2 --$option
done
refuse 2 '--steps goes with --field network, not exact' \
  "$pflow" fit --in X.npy --out m --steps 9
refuse 2 '--sources goes with --field exact, not network' \
  "$pflow" fit --in X.npy --out m --field network --sources 9
refuse 2 '--dims goes with --method poisson, whiten and abtt, not zca' \
  "$pflow" fit --in X.npy --out m --method zca --dims 2
refuse 2 '--objective knn wants --labels' \
  "$pflow" fit --in X.npy --out m --objective knn
refuse 2 '--checkpoint-every wants --checkpoint' \
  "$pflow" fit --in X.npy --out m.safetensors --checkpoint-every 5
refuse 2 '--resume wants --checkpoint' "$pflow" fit --in X.npy --out m --resume
refuse 2 '--strength goes with --method poisson, not zca' \
  "$pflow" fit --in X.npy --out m --method zca --strength 0.5
refuse 2 '--field goes with --method poisson, not l2' \
  "$pflow" fit --in X.npy --out m --method l2 --field exact
refuse 2 '--dims 1 does not go with --target sphere' \
  "$pflow" fit --in X.npy --out m --dims 1
for name in map map.npy safetensors .safetensors.old; do
  refuse 2 "--out wants a file that ends in .safetensors, got \"$name\"" \
    "$pflow" fit --in X.npy --out $name
done
refuse 2 '--out is the file of --in' "$pflow" fit --in X.npy --out X.npy
refuse 2 '--n N is needed' "$pflow" sample --map m --out Y.npy
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
wait $of_numbers
echo "$(echo $commands | wc -w) commands say what they want"
