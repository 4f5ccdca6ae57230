#!/bin/sh
# Compares the library's binary interface with the dump of the last release in tests/abi:
# functions, and the structs that they take. Needs abidiff, and a library with debug
# information.
#   abi.sh BUILD_FOLDER [--update]        77: skipped
set -eu
cd "$(dirname "$0")/.."
library=$(cd "$1" && pwd)/lib/libpflow.so
dump=tests/abi/libpflow.abi.gz
if ! command -v abidw >/dev/null || ! command -v abidiff >/dev/null; then
  echo "skipped: no abidiff (Debian: abigail-tools)"
  exit 77
fi
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
abidw --suppressions tests/abi/private.abignore --no-corpus-path --no-comp-dir-path \
  --no-architecture --no-show-locs --exported-interfaces-only --drop-undefined-syms \
  --no-elf-needed --type-id-style hash --out-file "$scratch/new.abi" "$library"
if ! grep -q '<class-decl' "$scratch/new.abi"; then
  echo "$library has no debug information: build with -DCMAKE_BUILD_TYPE=RelWithDebInfo"
  exit 1
fi
[ "${2:-}" != --update ] || gzip -9nc "$scratch/new.abi" >$dump
gunzip -c $dump >"$scratch/old.abi"
# New functions are no change for an older program.
if ! abidiff --no-added-syms "$scratch/old.abi" "$scratch/new.abi"; then
  echo "An older program may not fit. If all that is new is at the end of structs with a"
  echo "struct_size, or there is no release yet, or SOVERSION is raised: sh $0 $1 --update"
  exit 1
fi
echo "older programs fit: $(grep -c '<elf-symbol ' "$scratch/old.abi") functions and their types"
