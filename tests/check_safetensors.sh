#!/bin/sh
# Python reads the model files that the library writes, and the other way round; both
# predict the same. Usage: check_safetensors.sh BUILD_DIR (with bin/test_net_io).
# 77: skipped.
set -eu
program=$1/bin/test_net_io
python=
for candidate in python3 /usr/bin/python3; do
  if "$candidate" -c 'import numpy' 2>/dev/null; then python=$candidate; fi
done
if [ -z "$python" ]; then
  echo "skipped: python3 has no numpy"
  exit 77
fi
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"$program" write "$folder"
"$python" "$(dirname "$0")/check_safetensors.py" "$program" "$folder"
