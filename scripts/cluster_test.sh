#!/bin/sh
# Run the tests that need a real cluster (tests/e2e/cluster): start one, unless it runs; build the pod's images, unless
# the local registry has them; at the end, end the cluster that was started here. Arguments go to pytest.
# What it needs and takes: scripts/cluster.sh --help.
#
#   EDK_POD_TAG   of the pod's images in the local registry (default: the version of the EDK)
set -eu
edk_root=$(dirname -- "$(dirname -- "$(readlink -f -- "$0")")")
cd "$edk_root"
case ${1:-} in
  --help | -h)
    sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//;p;}' "$0"
    exit 0 ;;
esac
# shellcheck source=/dev/null
. scripts/setup.sh
python_ready requirements-dev.lock || locked "$edk_root/.venv.lock" python_make requirements-dev.lock
PATH=$edk_root/.venv/bin:$edk_root/.cache/bin:$PATH
version=$(sed -n 's/^version = "\(.*\)"/\1/p' pyproject.toml | head -n 1)
for name in edk edk-builder edk-registry; do
  if [ "$(http_status "$registry" "/v2/$name/manifests/${EDK_POD_TAG:-$version}")" != 200 ]; then
    scripts/build_pod_images.sh --tag "${EDK_POD_TAG:-$version}"
    break
  fi
done
EDK_E2E_CLUSTER=1
export PATH EDK_E2E_CLUSTER
exec python -m pytest tests/e2e/cluster "$@"
