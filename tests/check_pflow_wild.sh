#!/bin/sh
# Rows with wild values, a few or all of them, through every command: what it gives is
# finite, or it says why there is nothing.
#   check_pflow_wild.sh BUILD_FOLDER [CASES [SEED]]        77: skipped
set -eu
pflow=$(cd "$1" && pwd)/bin/pflow
. tests/support/python.sh
script=$PWD/tests/support/wild_rows.py
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"$python" "$script" "$pflow" "${2:-8}" "${3:-1}"
