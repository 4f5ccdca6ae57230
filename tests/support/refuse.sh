# refuse.sh - sourced by checks of programs.
#
#   refuse STATUS WORDS COMMAND...   ends the check unless the command ends with that status
#                                    and one line on standard error that has these words

refuse() {
  wanted=$1 words=$2 status=0
  shift 2
  "$@" >refuse.out 2>refuse.err || status=$?
  [ "$status" = "$wanted" ] || { echo "$*: status $status, not $wanted"; exit 1; }
  grep -qF -- "$words" refuse.err || { echo "$*: no \"$words\" in: $(cat refuse.err)"; exit 1; }
  [ "$(wc -l <refuse.err)" = 1 ] || { echo "$*: not one line: $(cat refuse.err)"; exit 1; }
}
