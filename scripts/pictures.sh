#!/bin/sh
# Take the pictures of terminals in docs/images anew, from real runs on a copy of the examples, so that none goes stale.
# usage: scripts/pictures.sh [NAME...]      all of them, or those named; the list is in scripts/pictures.d/pictures.py
set -eu
edk_root=$(dirname -- "$(dirname -- "$(readlink -f -- "$0")")")
python=${EDK_PYTHON:-$edk_root/.venv/bin/python}
[ -x "$python" ] || { echo "set up first: ./scripts/test.sh makes .venv with what pictures need" >&2; exit 2; }
PYTHONPATH="$edk_root" exec "$python" "$edk_root/scripts/pictures.d/take.py" "$@"
