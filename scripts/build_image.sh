#!/bin/sh
# Build one image from a folder: `edk build-image`, with everything it needs set up first.
set -eu
edk_root=$(dirname -- "$(dirname -- "$(readlink -f -- "$0")")")
. "$edk_root/scripts/setup.sh"
exec "$edk_root/.venv/bin/python" -P -m edk build-image "$@"
