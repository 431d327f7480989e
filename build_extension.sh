#!/bin/sh
# Build an extension, images and chart: `edk build`, with everything it needs set up first.
set -eu
edk_root=$(readlink -f -- "$0")
edk_root=${edk_root%/*}
. "$edk_root/scripts/setup.sh"
exec "$edk_root/.venv/bin/python" -P -m edk build "$@"
