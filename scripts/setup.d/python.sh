# The virtual environment: Python 3.11 or newer, dependencies as the lock file pins them.
# shellcheck shell=sh

# python_ready LOCK: what is installed was made from this very lock, for this very folder.
python_ready() {
  [ -x "$edk_root/.venv/bin/python" ] || return 1
  IFS= read -r made_for 2>/dev/null <"$edk_root/.venv/edk-root" || return 1
  [ "$made_for" = "$edk_root" ] && cmp -s "$edk_root/$1" "$edk_root/.venv/$1"
}

# python_given: the project can't be written, as in an image, and comes with an environment that works. What lock file
# that was made from is the image's business: nothing could be brought in here.
python_given() {
  [ ! -w "$edk_root" ] && "$edk_root/.venv/bin/python" -P -c 'import edk' >/dev/null 2>&1
}

new_enough() {
  "$1" -c 'import sys, ensurepip, venv; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1
}

# A version manager's shim can exist for a version that is not there, so each one is tried.
find_python() {
  for candidate in "${EDK_PYTHON:-}" python3.13 python3.12 python3.11 python3 python3.14; do
    if [ -n "$candidate" ] && new_enough "$candidate"; then
      printf '%s\n' "$candidate"
      return 0
    fi
  done
  return 1
}

make_venv() {
  if python=$(find_python); then
    logged "$python" -m venv --clear "$edk_root/.venv"
  elif have uv; then
    logged uv venv --clear --seed --python '>=3.11' "$edk_root/.venv"
  elif root_on_debian && apt_install python3 python3-venv && python=$(find_python); then
    logged "$python" -m venv --clear "$edk_root/.venv"
  else
    give_up "no Python 3.11 or newer with venv was found" \
      "install one (Debian, Ubuntu: apt install python3-venv), or name it: EDK_PYTHON=/path/to/python3"
  fi
}

# python_make LOCK: bring the environment to the state of the lock file.
python_make() {
  if python_ready "$1"; then return 0; fi
  venv=$edk_root/.venv
  IFS= read -r made_for 2>/dev/null <"$venv/edk-root" || made_for=
  if [ "$made_for" != "$edk_root" ] || ! "$venv/bin/python" -c '' 2>/dev/null; then
    say "making the virtual environment .venv"
    make_venv
  fi
  say "installing the packages that $1 pins (with hashes)"
  logged "$venv/bin/python" -m pip install --disable-pip-version-check --require-hashes --no-deps -r "$edk_root/$1" ||
    give_up "the packages could not be installed" \
      "look at the log above; without a network, put the wheels in a folder and set PIP_FIND_LINKS to it"
  # A plain path file instead of an import hook: it costs nothing at start-up.
  logged "$venv/bin/python" -m pip install --disable-pip-version-check --no-deps --no-build-isolation \
    --no-index --config-settings editable_mode=compat -e "$edk_root" ||
    give_up "edk itself could not be installed into .venv"
  printf '%s\n' "$edk_root" >"$venv/edk-root"
  cp "$edk_root/$1" "$venv/$1"
}
