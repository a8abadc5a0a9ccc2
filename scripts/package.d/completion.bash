# shellcheck shell=bash
# Completion of pktbench's command lines: the program itself knows its words.

_pktbench() {
  local line=${COMP_LINE:0:COMP_POINT} last words begun
  read -ra words <<<"$line"
  while [[ ${#words[@]} -gt 0 && ${words[0]} != "${COMP_WORDS[0]}" ]]; do words=("${words[@]:1}"); done # sudo
  [[ $line != *[[:space:]] ]] || words+=('')
  last=${words[-1]}
  mapfile -t COMPREPLY < <("${COMP_WORDS[0]/#\~/$HOME}" --complete "${words[@]:1}" 2>/dev/null)
  # Bash completes from the last of these on.
  begun=${last%"${last##*[=:]}"}
  COMPREPLY=("${COMPREPLY[@]#"$begun"}")
  [[ ${#COMPREPLY[@]} -ne 1 || ${COMPREPLY[0]} != *= ]] || compopt -o nospace 2>/dev/null
}
complete -o default -F _pktbench pktbench
