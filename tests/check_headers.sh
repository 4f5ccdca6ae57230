#!/bin/sh
# Every public header compiles alone, as C11 and as C++, without a warning; every config in
# them is read by its size.
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
for config in $(sed -n 's/^typedef struct \(pflow_[a-z0-9_]*_config\) {$/\1/p' include/pflow/*.h); do
  grep -rq "\"$config\")" lib || { echo "nobody reads a $config by its size"; exit 1; }
done
echo "every public header stands alone"
