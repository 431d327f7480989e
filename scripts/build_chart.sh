#!/bin/sh
# Package the charts of an extension: `edk chart`. It needs neither engine nor registry.
set -eu
edk_root=$(dirname -- "$(dirname -- "$(readlink -f -- "$0")")")
edk_needs=python
. "$edk_root/scripts/setup.sh"
exec "$edk_root/.venv/bin/python" -P -m edk chart "$@"
