#!/bin/sh
# Every public header compiles alone, as C11 and as C++, without a warning.
set -eu
flags='-Wall -Wextra -Wpedantic -Werror -Iinclude -fsyntax-only'
for header in include/pflow.h include/pflow/*.h; do
  name=${header#include/}
  # shellcheck disable=SC2086
  printf '#include "%s"\n' "$name" | cc -std=c11 $flags -x c -
  if command -v c++ >/dev/null; then
    # shellcheck disable=SC2086
    printf '#include "%s"\n' "$name" | c++ -std=c++11 $flags -x c++ -
  fi
done
command -v c++ >/dev/null || echo "skipped: no C++ compiler, headers compiled as C only"
echo "every public header stands alone"
