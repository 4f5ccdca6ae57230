# refuse.sh - sourced by checks of programs.
#
#   refuse STATUS WORDS COMMAND...   ends the check unless the command ends with that status
#                                    and one line on standard error that has these words
#
# The line is looked at without another process: some checks refuse hundreds of times.

refuse() {
  wanted=$1 words=$2 status=0 lines=0 said='' rest=''
  shift 2
  "$@" >refuse.out 2>refuse.err || status=$?
  while IFS= read -r rest; do
    said=$said$rest lines=$((lines + 1))
  done <refuse.err
  [ "$status" = "$wanted" ] || { echo "$*: status $status, not $wanted"; exit 1; }
  case $said in
  *"$words"*) ;;
  *) echo "$*: no \"$words\" in: $said"; exit 1 ;;
  esac
  [ $lines = 1 ] && [ -z "$rest" ] || { echo "$*: not one line: $said$rest"; exit 1; }
}
