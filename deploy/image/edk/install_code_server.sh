#!/bin/sh
# install_code_server.sh VERSION FOLDER: code-server from its npm package into a folder, with the Node that runs it.
#
# Scripts of packages do not run: what code-server needs is shipped ready-made in its packages, but for two small
# modules that are compiled here (the server's log, and the watch over its parent). Left out are the modules for
# Kerberos (a proxy that asks for it), and all that serves AI features alone: it is off, and half of the size.
set -eu
version=$1
folder=$2
node=$(command -v node)
npm_config_nodedir=$(dirname "$(dirname "$node")") # headers of this very Node: none are downloaded
export JOBS=max npm_config_nodedir npm_config_audit=false npm_config_fund=false npm_config_update_notifier=false

npm pack --silent "code-server@$version" >/dev/null
mkdir -p "$folder/bin" "$folder/lib"
tar -xzf "code-server-$version.tgz" -C "$folder/lib"
server=$folder/lib/package
vscode=$server/lib/vscode
for place in "$server" "$vscode" "$vscode/extensions"; do
  (cd "$place" && npm install --omit=dev --ignore-scripts)
done
(cd "$vscode" && npm rebuild --foreground-scripts @vscode/spdlog @vscode/native-watchdog)

cd "$vscode"
rm -rf extensions/copilot node_modules/@github node_modules/@microsoft/mxc-sdk
case $(uname -m) in x86_64) machine=x64 ;; aarch64) machine=arm64 ;; *) machine=$(uname -m) ;; esac
# Modules for other machines, and the sources of one that is not compiled.
rm -rf node_modules/@vscode/windows-* node_modules/@vscode/sqlite3/deps node_modules/@parcel/watcher-*-musl \
  extensions/microsoft-authentication/dist/msal-node-runtime.node extensions/microsoft-authentication/dist/*.so
find "$server" -type d \( -path '*/prebuilds/*' -o -path '*/ripgrep-universal/bin/*' \) -prune \
  ! -name "linux-$machine" -exec rm -rf {} +
# What the compiler needed and made, and what only a debugger reads.
find "$server" -path '*/node_modules/*' \( -name '*.map' -o -name '*.pdb' -o -name '*.c' -o -name '*.cc' -o -name '*.cpp' \
  -o -name '*.h' -o -name '*.hpp' -o -name '*.o' -o -name '*.a' -o -name '*.d' -o -name '*.d.ts' \) -type f -delete
find "$server" -type d \( -name obj.target -o -path '*/build/Release/obj' \) -prune -exec rm -rf {} +

cp "$node" "$folder/bin/node"
strip "$folder/bin/node"
cat >"$folder/bin/code-server" <<WRAPPER
#!/bin/sh
exec $folder/bin/node $server/out/node/entry.js "\$@"
WRAPPER
chmod 755 "$folder/bin/code-server"
"$folder/bin/code-server" --version
