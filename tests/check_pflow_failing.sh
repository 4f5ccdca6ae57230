#!/bin/sh
# Every command with its n-th system call or allocation failing, alone or with all that
# come after: one line that says what, old files whole, no new ones in part.
#   check_pflow_failing.sh BUILD_FOLDER [TRIES [WORD ...]]
# TRIES of one kind and command (0: all calls), of all commands or those that have a WORD
set -eu
build=$(cd "$1" && pwd)
tries=${2:-12}
if [ $# -gt 2 ]; then shift 2; else set --; fi
shim=$build/lib/libfail_call.so
if [ ! -e "$shim" ]; then
  echo "skipped: sanitizers and coverage make such calls of their own"
  exit 77
fi
. tests/support/python.sh
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"$python" tests/support/make_clusters.py "$folder" 240 120 6 3
script=$PWD/tests/support/fail_calls.py
cd "$folder"
"$python" "$script" "$build/bin/pflow" "$shim" "$tries" "$@"
