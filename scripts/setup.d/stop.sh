# Stopping what was started. Only processes that the records name, and their remains below our own folder.
# shellcheck shell=sh

tell() { printf 'stop: %s\n' "$*" >&2; }

stop_part() {
  if [ ! -e "$state/started/$1" ]; then
    tell "$1: nothing of ours runs"
    return 0
  fi
  IFS= read -r record <"$state/started/$1" || record=
  case $record in
    'service '*) tell "stopping the service ${record#* }"
      systemctl stop "${record#* }.socket" "${record#* }" ;;
    'container '*) tell "stopping the container ${record#* }"
      docker rm -f "${record#* }" >/dev/null 2>&1 || tell "${record#* }: is gone already" ;;
    *) stop_process "$1" ;;
  esac
  if [ "$1" = engine ]; then clear_engine; fi
  rm -f "$state/started/$1"
}

stop_process() {
  if ! running "$1"; then
    tell "$1: is gone already"
    return 0
  fi
  tell "stopping $1 (process $pid)"
  kill "$pid"
  gone_within 20 running "$1" || { running "$1" && kill -9 "$pid"; } || :
  gone_within 5 running "$1" || { tell "$1: process $pid does not end"; exit 4; }
}

gone_within() {
  tries=$(($1 * 10))
  shift
  while "$@"; do
    [ "$tries" -gt 0 ] || return 1
    sleep 0.1
    tries=$((tries - 1))
  done
}

# What an engine that was killed leaves behind: its containerd and shims, mounts, the bridge.
clear_engine() {
  for signal in TERM KILL; do
    if ! remains >/dev/null; then break; fi
    for left in $(remains); do kill -s "$signal" "$left" 2>/dev/null || :; done
    gone_within 5 remains >/dev/null || :
  done
  # /proc/mounts writes blanks as \040. Innermost mounts come last there.
  for top in "$state/engine" "$engine_run"; do
    awk -v top="$(printf %s "$top" | sed 's/ /\\\\040/g')/" 'index($2, top) == 1 { print $2 }' /proc/mounts |
      sort -r | while IFS= read -r mount; do umount -l "$(printf '%b' "$mount")" || :; done
  done
  rm -f "$engine_socket" "$state/engine/dockerd.pid"
  if [ -r "$state/started/bridge" ]; then
    IFS= read -r bridge <"$state/started/bridge"
    ip link del "$bridge" 2>/dev/null || :
    rm -f "$state/started/bridge"
  fi
}

# Print the processes that run with our engine's runtime folder in their arguments; false if none.
remains() {
  found=1
  for process in /proc/[0-9]*; do
    if tr '\0' '\n' 2>/dev/null <"$process/cmdline" | grep -qF -- "$engine_run/exec/"; then
      printf '%s\n' "${process#/proc/}"
      found=0
    fi
  done
  return $found
}
