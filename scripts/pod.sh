#!/bin/sh
# Run the chart's pods without a cluster: starts what `helm template` renders as containers of the local Docker Engine,
# with init containers, volumes, services, probes and restarts as a kubelet has them.
#
#   scripts/pod.sh up            render deploy/chart, start it, and wait until it is ready: --set NAME=VALUE, --values FILE
#   scripts/pod.sh status        how the pods are
#   scripts/pod.sh exec editor edk doctor
#   scripts/pod.sh logs watcher
#   scripts/pod.sh kill          as a power cut does; `up --again` goes on
#   scripts/pod.sh down          end the pods; `remove` removes their volumes too
#   scripts/pod.sh test          build the images, and run the tests of the pod (tests/e2e/pod); arguments go to pytest
#
#   EDK_POD_SUPPORT   image with a Python 3 for what stands around the pods
#   EDK_STATE_DIR     where volumes and logs are (default ~/.local/state/edk)
set -eu
edk_root=$(dirname -- "$(dirname -- "$(readlink -f -- "$0")")")
case ${1:-} in
  '' | --help | -h)
    sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//;p;}' "$0"
    exit 0 ;;
esac
# shellcheck source=/dev/null
. "$edk_root/scripts/setup.sh"
if [ -z "${EDK_POD_SUPPORT:-}" ] && in_registry "$registry/edk-upstream/debian-python:bookworm"; then
  EDK_POD_SUPPORT=$registry/edk-upstream/debian-python:bookworm
  export EDK_POD_SUPPORT
fi
PATH=$edk_root/.venv/bin:$edk_root/.cache/bin:$PATH
cd "$edk_root"
if [ "$1" = test ]; then
  shift
  scripts/build_pod_images.sh
  python_ready requirements-dev.lock || locked "$edk_root/.venv.lock" python_make requirements-dev.lock
  EDK_E2E_POD=1
  export EDK_E2E_POD
  exec python -m pytest tests/e2e/pod "$@"
fi
exec python -m tests.support.pod "$@"
