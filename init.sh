#!/bin/sh
# Fetch the platform's repository and build the bases: `edk init`, with everything it needs set up first.
set -eu
edk_root=$(dirname -- "$(readlink -f -- "$0")")
. "$edk_root/scripts/setup.sh"
exec "$edk_root/.venv/bin/python" -P -m edk init "$@"
