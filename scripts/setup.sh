#!/bin/sh
# Bring up what a build needs and is not there: Python packages, a Docker Engine, a registry, bases.
# Run by itself, or sourced by the commands beside it; when all is up it takes milliseconds.
#
#   EDK_STATE_DIR   where everything it starts keeps its data (default ~/.local/state/edk)
#   EDK_REGISTRY    the registry's address (default localhost:32000)
#   EDK_PYTHON      the Python to make .venv with
#   DOCKER_HOST     an engine to use; none is started then
#   EDK_BUILDER     buildkit: no Docker Engine, but BuildKit (BUILDKIT_HOST, or one of our own)
set -eu
: "${edk_root:=$(dirname -- "$(dirname -- "$(readlink -f -- "$0")")")}"
: "${edk_needs:=engine}" # or: python
for step in common python remains engine buildkit registry bases; do
  # shellcheck source=/dev/null
  . "$edk_root/scripts/setup.d/$step.sh"
done

case " $* " in
  *" --help "* | *" -h "*)
    edk_needs=python
    if [ "${0##*/}" = setup.sh ]; then
      sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//;p;}' "$0"
      exit 0
    fi ;;
esac

choose_state
registry=${EDK_REGISTRY:-localhost:32000}
python_ready requirements.lock || python_given || {
  [ -w "$edk_root" ] || give_up "$edk_root can't be written, and its .venv does not work" "build the image anew"
  locked "$edk_root/.venv.lock" python_make requirements.lock
}

# In the cluster, engine and registry are there.
if [ "$edk_needs" != python ] && ! in_cluster; then
  if ! wants_buildkit; then
    engine_places
    engine_ready || {
      locked "$state/lock" engine_make
      engine_ready
    }
    record_engine
  fi
  registry_ready || locked "$state/lock" registry_make
  if wants_buildkit; then buildkit_ready || locked "$state/lock" buildkit_make; fi
  bases_ready || locked "$state/lock" bases_make
fi
