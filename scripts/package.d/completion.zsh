#compdef pktbench
# Completion of pktbench's command lines: the program itself knows its words.

local -a found
found=(${(f)"$(${words[1]/#\~/$HOME} --complete "${(@)words[2,CURRENT]}" 2>/dev/null)"})
if (( ! $#found )); then
  _files
else
  compadd -S '' -- ${(M)found:#*=}
  compadd -- ${found:#*=}
fi
