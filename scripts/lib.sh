# shellcheck shell=bash
# What the scripts here share; sourced by them.

# Descriptors that were closed: the next file would be taken for them.
[[ -e /proc/self/fd/0 ]] || exec </dev/null
[[ -e /proc/self/fd/1 ]] || exec >/dev/null
[[ -e /proc/self/fd/2 ]] || exec 2>/dev/null

# shellcheck disable=SC2034
PYTHON=/usr/bin/python3 # Debian's own: another python3 in PATH would lack Debian's modules
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
export PYTHONDONTWRITEBYTECODE=1
# git refuses a checkout that belongs to somebody else, as in a container; this one is ours to read.
export GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=safe.directory GIT_CONFIG_VALUE_0=$ROOT

say() { printf 'pktbench: %s\n' "$*" >&2; } # as pktbench says it

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
hand_back() { "$PYTHON" "$ROOT/scripts/sudo_user.py" "$STARTED" "$@"; }

# hand_back_build FOLDER...: the same, in the user's own checkout. In root's, what root will run from there
# stays root's.
hand_back_build() {
  [[ $(stat -c %u "$ROOT") != "${SUDO_UID:-0}" ]] || hand_back "$@"
}

# build_pktbench TARGET...
build_pktbench() {
  local log=$ROOT/build/bench-build.log
  mkdir -p "$ROOT/build"
  say "building (log: $log)"
  if ! (cd "$ROOT" && cmake --preset release && cmake --build --preset release --target "$@") >"$log" 2>&1; then
    cat "$log" >&2
    die 6 "the build failed"
  fi
}
