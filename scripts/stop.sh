#!/bin/sh
# Stop what setup.sh started, and nothing else. Data stays. Arguments: engine, registry, buildkit (default: all).
set -eu
edk_root=$(dirname -- "$(dirname -- "$(readlink -f -- "$0")")")
. "$edk_root/scripts/setup.d/common.sh"
. "$edk_root/scripts/setup.d/engine.sh"
. "$edk_root/scripts/setup.d/remains.sh"
. "$edk_root/scripts/setup.d/stop.sh"
case " $* " in
  *" --help "* | *" -h "*)
    sed -n '2s/^# //p' "$0"
    exit 0 ;;
esac
choose_state
engine_places
if [ $# -eq 0 ]; then set -- registry engine buildkit; fi
for part in "$@"; do
  case $part in
    engine | registry) locked "$state/lock" stop_part "$part" ;;
    buildkit) stop_buildkit ;;
    *) printf 'stop: no such part: %s (engine, registry, buildkit)\n' "$part" >&2; exit 2 ;;
  esac
done
