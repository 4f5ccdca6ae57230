#!/bin/sh
# The program in README.md compiles and runs.
#   check_readme.sh BUILD_FOLDER
set -eu
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
sanitize=$(sed -n 's/^PFLOW_SANITIZE:STRING=\(..*\)/-fsanitize=\1/p' "$1/CMakeCache.txt")
compiler=$(sed -n 's/^CMAKE_C_COMPILER:[A-Z]*=//p' "$1/CMakeCache.txt")
# shellcheck disable=SC2016 # the backticks are Markdown's
sed -n '/^```c$/,/^```$/p' README.md | sed '/^```/d' >"$scratch/program.c"
# shellcheck disable=SC2086 # nothing, or one word
"$compiler" -std=c11 -Wall -Wextra -Werror -Iinclude $sanitize "$scratch/program.c" \
  -o "$scratch/program" -L"$1/lib" -lpflow -Wl,-rpath,"$1/lib"
"$scratch/program"
