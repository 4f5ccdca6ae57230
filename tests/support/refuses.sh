# refuses.sh - sourced by checks of the example programs, which set `program` and `scratch`.
#
#   refuses STATUS PATTERN OPTION...   sets failed=1 unless the program ends with the status
#                                      and says something like the pattern

refuses() {
  status=$1 pattern=$2
  shift 2
  "$program" "$@" >"$scratch/log" 2>&1
  got=$?
  if [ $got != "$status" ] || ! grep -q -e "$pattern" "$scratch/log"; then
    echo "FAILED  $(basename "$program") $*: status $got, wants $status and \"$pattern\":"
    tail -n 3 "$scratch/log"
    failed=1
  fi
}
