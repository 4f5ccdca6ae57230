#!/bin/sh
# C sources are as clang-format leaves them; no line is over 90 columns.
set -u
status=0
files=$(find include lib src examples tests -name '*.[ch]' 2>/dev/null)
# shellcheck disable=SC2086
awk 'length > 90 { print FILENAME ":" FNR ": " length " columns"; bad = 1 } END { exit bad }' \
  $files || status=1
if command -v clang-format >/dev/null; then
  # shellcheck disable=SC2086
  clang-format --dry-run --Werror $files || status=1
else
  echo "skipped: no clang-format, only line lengths checked"
  [ $status = 0 ] && exit 77
fi
exit $status
