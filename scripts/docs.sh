#!/bin/sh
# Build the site of docs/ into site/; a broken link, image or anchor is an error. --serve shows it at
# http://127.0.0.1:8000 and builds it anew on each save. --commands writes docs/commands/ anew from the command line.
set -eu
edk_root=$(dirname -- "$(dirname -- "$(readlink -f -- "$0")")")
cd "$edk_root"
case ${1:-} in
  --help | -h)
    sed -n '2,/^set/{/^set/d;s/^# //p;}' "$0"
    exit 0 ;;
esac
. scripts/setup.d/common.sh
choose_state
edk_needs=python
. scripts/setup.sh
python_ready requirements-dev.lock || locked "$edk_root/.venv.lock" python_make requirements-dev.lock
PATH=$edk_root/.venv/bin:$PATH
case ${1:-} in
  --serve)
    shift
    exec python -m mkdocs serve "$@" ;;
  --commands)
    exec python scripts/docs.d/command_pages.py docs/commands ;;
  *)
    python -m mkdocs build --clean "$@"
    printf '%s\n' "$edk_root/site/index.html" ;;
esac
