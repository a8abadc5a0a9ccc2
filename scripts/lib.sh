# shellcheck shell=bash
# What the scripts here share; sourced by them.

# shellcheck disable=SC2034
PYTHON=/usr/bin/python3 # Debian's own: another python3 in PATH would lack Debian's modules
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
export PYTHONDONTWRITEBYTECODE=1
# git refuses a checkout that belongs to somebody else, as in a container; this one is ours to read.
export GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=safe.directory GIT_CONFIG_VALUE_0=$ROOT

say() { printf '%s\n' "${0##*/}: $*" >&2; }

# die EXIT MESSAGE...
die() {
  local code=$1
  shift
  say "$@"
  exit "$code"
}

# usage FILE: the comment at the head of a script.
usage() { sed -n '2,/^[^#]/{/^#/!d;s/^# \{0,1\}//;p}' "$1"; }

# hand_back PATH...: under sudo, what this script has written there as root goes back to the user.
STARTED=$(date +%s)
hand_back() {
  [[ $(id -u) -eq 0 && -n ${SUDO_UID:-} ]] || return 0
  local path
  for path in "$@"; do
    [[ -e $path ]] || continue
    find "$path" -xdev -user root -newerct "@$STARTED" -exec chown -h "$SUDO_UID:${SUDO_GID:-$SUDO_UID}" {} +
  done
}
