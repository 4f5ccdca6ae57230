#!/bin/sh
# Model files are the same in a locale with a decimal comma. Usage: check_locale.sh
# BUILD_DIR (with bin/test_field_io). 77: skipped.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
if ! localedef -i de_DE -f UTF-8 "$folder/de_DE.UTF-8" >"$folder/log" 2>&1; then
  echo "skipped: localedef cannot make de_DE.UTF-8"
  exit 77
fi
LOCPATH=$folder LC_ALL=de_DE.UTF-8 "$1/bin/test_field_io" comma
