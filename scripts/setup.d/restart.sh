#!/bin/sh
# Start again what scripts/setup.sh had started and what has ended since, as edk doctor --fix asks for it; nothing else.
#
#   restart.sh engine | registry     by the same EDK_STATE_DIR and EDK_REGISTRY
# shellcheck disable=SC2034,SC2154 # shared with the steps that are sourced
set -eu
edk_root=$(dirname -- "$(dirname -- "$(dirname -- "$(readlink -f -- "$0")")")")
for step in common remains engine registry; do
  # shellcheck source=/dev/null
  . "$edk_root/scripts/setup.d/$step.sh"
done

# Whether a process was recorded that runs no more. A service or a container is not ours to start.
has_ended() {
  IFS= read -r record 2>/dev/null <"$state/started/$1" || return 1
  case $record in [0-9]*' '[0-9]*' '*) ;; *) return 1 ;; esac
  ! running "$1"
}

again() {
  has_ended "$1" || return 0 # somebody was faster
  case $1 in
    engine) engine_by_hand ;;
    registry)
      port=${registry##*:}
      registry_answers || registry_by_hand ;;
  esac
}

choose_state
registry=${EDK_REGISTRY:-localhost:32000}
case ${1:-} in
  engine)
    engine_places
    [ -z "$users_engine" ] || give_up "DOCKER_HOST leads to another engine, $users_engine" "unset it" ;;
  registry) ;;
  *) give_up "restart.sh starts engine or registry, not '${1:-}'" "name one of them" ;;
esac
[ -d "$state/started" ] || give_up "nothing was started with $state" "scripts/setup.sh starts what is needed"
locked "$state/lock" again "$1"
