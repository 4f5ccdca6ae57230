# python.sh - sourced by checks: sets `python` to one that has NumPy, or ends with 77.
python=
for candidate in python3 /usr/bin/python3; do
  if "$candidate" -c 'import numpy' 2>/dev/null; then python=$candidate; fi
done
if [ -z "$python" ]; then
  echo "skipped: python3 has no numpy"
  exit 77
fi
