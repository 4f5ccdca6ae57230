# Bash completion of pflow; what it offers is what the command's own help says.

# The words of an option's value, such as "exact|network|post"; empty for other values.
_pflow_choices() {
  pflow "$1" --help 2>/dev/null |
    sed -n "s/^  $2 \([a-z0-9]*|[a-z0-9|]*\).*/\1/p" | tr '|' ' '
}

_pflow() {
  local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]}
  local name=${COMP_WORDS[1]} choices=
  COMPREPLY=()
  if [ "$COMP_CWORD" = 1 ] || { [ "$COMP_CWORD" = 2 ] && [ "$name" = help ]; }; then
    choices="$(pflow --help 2>/dev/null | sed -n 's/^  \([a-z]\{1,9\}\) .*/\1/p' |
      grep -v '^pflow$') help --help --version"
    COMPREPLY=($(compgen -W "$choices" -- "$word"))
    return
  fi
  case $before in
  --*) choices=$(_pflow_choices "$name" "$before") ;;
  esac
  case $word in
  -*) choices=$(pflow "$name" --help 2>/dev/null | grep -o '^  --[a-z-]*') ;;
  esac
  if [ -n "$choices" ]; then
    COMPREPLY=($(compgen -W "$choices" -- "$word"))
  else
    COMPREPLY=($(compgen -f -- "$word"))
  fi
}

complete -o filenames -F _pflow pflow
