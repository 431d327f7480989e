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
  if [ "$1" = engine ]; then
    clear_remains
    remove_bridge
  fi
  rm -f "$state/started/$1"
}

# The daemon that edk started has its own record, and its own way to end.
stop_buildkit() {
  if [ -e "$state/buildkit/address" ] && [ -x "$edk_root/.venv/bin/python" ]; then
    "$edk_root/.venv/bin/python" -P -m edk builder down >&2
  fi
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

remove_bridge() {
  if [ -r "$state/started/bridge" ]; then
    IFS= read -r bridge <"$state/started/bridge"
    ip link del "$bridge" 2>/dev/null || :
    rm -f "$state/started/bridge"
  fi
}
