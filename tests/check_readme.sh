#!/bin/sh
# The program in README.md compiles and runs; those in docs/ compile. The manual pages that
# README.md names can be read as it says.
#   check_readme.sh BUILD_FOLDER
set -eu
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
sanitize=$(sed -n 's/^PFLOW_SANITIZE:STRING=\(..*\)/-fsanitize=\1/p' "$1/CMakeCache.txt")
compiler=$(sed -n 's/^CMAKE_C_COMPILER:[A-Z]*=//p' "$1/CMakeCache.txt")

# compile PAGE: its C blocks with a main, each to a program of its own.
compile() {
  rm -f "$scratch"/*
  awk -v folder="$scratch" '/^```c$/ { file = folder "/" ++count ".c"; next }
                            /^```$/ { file = "" }
                            file { print >file }' "$1"
  for block in "$scratch"/*.c; do
    grep -qs 'int main(' "$block" || continue
    # shellcheck disable=SC2086 # nothing, or one word
    "$compiler" -std=c11 -Wall -Wextra -Werror -Iinclude $sanitize "$block" \
      -o "${block%.c}" -L"$2/lib" -lpflow -lm -Wl,-rpath,"$2/lib" ||
      { echo "$1: its program does not compile"; exit 1; }
  done
}

for page in docs/*.md; do compile "$page" "$1"; done
compile README.md "$1"
"$scratch/1" >"$scratch/out"
cat "$scratch/out"
grep -q -- '-1\.20 -> -3\.0[5-9]$' "$scratch/out" || { echo "README.md says otherwise"; exit 1; }

grep -o '`man [^`]*`' README.md | tr -d '`' | while read -r words; do
  [ "$words" = 'man pflow' ] && continue # of an installed one
  page=${words#man -l }
  [ -f "$page" ] || { echo "README.md: $words: no such page"; exit 1; }
  [ -z "$(command -v man)" ] || $words 2>"$scratch/err" | grep -q . ||
    { echo "README.md: $words: $(cat "$scratch/err")"; exit 1; }
done
