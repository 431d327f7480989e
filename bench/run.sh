#!/bin/sh
# Measure speed and memory beside their goals; docs/benchmarks.md explains the figures. --help lists the options.
set -eu
edk_root=$(dirname -- "$(dirname -- "$(readlink -f -- "$0")")")
# shellcheck source=/dev/null
. "$edk_root/scripts/setup.sh"
PYTHONPATH=$edk_root exec "$edk_root/.venv/bin/python" -P -m bench "$@"
