#!/bin/sh
# Write both lock files anew from pyproject.toml: every package with its hashes, for every supported
# Python and platform. Arguments go to the resolver, for instance --upgrade.
set -eu
edk_root=$(dirname -- "$(dirname -- "$(readlink -f -- "$0")")")
. "$edk_root/scripts/setup.d/common.sh"
. "$edk_root/scripts/setup.d/python.sh"
python=$(find_python) || give_up "no Python 3.11 or newer with venv was found"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$python" -m venv "$work/venv"
"$work/venv/bin/pip" install -q --disable-pip-version-check uv
cd "$edk_root"
# The build backend belongs to it: .venv installs edk without fetching anything beyond the lock.
"$work/venv/bin/python" - >"$work/build.in" <<'PYTHON'
import tomllib
print("\n".join(tomllib.load(open("pyproject.toml", "rb"))["build-system"]["requires"]))
PYTHON
compile() {
  out=$1
  shift
  UV_CUSTOM_COMPILE_COMMAND=scripts/lock.sh "$work/venv/bin/uv" pip compile -q --universal --python-version 3.11 \
    --generate-hashes --no-emit-index-url --no-emit-find-links --no-annotate --no-config -o "$out" \
    pyproject.toml "$work/build.in" "$@"
}
compile requirements.lock "$@"
compile requirements-dev.lock --extra dev -c requirements.lock "$@"
