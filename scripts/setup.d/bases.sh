# Upstream images where there is no hub: a root image made from the distribution's own packages,
# and a mapping to it in $state/edk.yaml, the configuration file of the lowest priority.
# shellcheck shell=sh

bundled_upstream=debian:bookworm-slim

# The platform's own bases replace the bundled ones; what they need is not ours to say.
platform_is_cloned() { [ -e "${KAAPANA_REPO_PATH:-/kaapana/app/kaapana}/.git" ]; }

bases_ready() {
  if platform_is_cloned; then return 0; fi
  [ -r "$state/upstream" ] && IFS= read -r upstream <"$state/upstream" || return 1
  case $upstream in
    reachable) return 0 ;;
    unreachable) [ -n "$(find "$state/upstream" -mmin -60 2>/dev/null)" ] ;;
    *) [ -s "$state/edk.yaml" ] && in_registry "$upstream" ;;
  esac
}

in_registry() {
  name=${1#*/}
  case $1 in "$registry"/*) ;; *) return 1 ;; esac
  [ "$(http_status "$registry" "/v2/${name%:*}/manifests/${name##*:}")" = 200 ]
}

bases_make() {
  if bases_ready; then return 0; fi
  if ! wants_buildkit && ! docker_command; then
    say "without the docker command it stays open whether $bundled_upstream can be pulled"
    printf 'unreachable\n' >"$state/upstream"
    return 0
  fi
  wants_buildkit || bounded 10 docker version >/dev/null 2>&1 || give_up "the engine at $DOCKER_HOST does not answer" \
    "start it, or unset DOCKER_HOST"
  if upstream_reachable; then
    printf 'reachable\n' >"$state/upstream"
  elif root_on_debian; then
    make_root_image
  else
    printf 'unreachable\n' >"$state/upstream"
    say "$bundled_upstream cannot be pulled: map it to an image you have, under base_overrides in edk.yaml"
  fi
}

# Ask the engine, since its mirrors and proxies decide. The answer is remembered.
upstream_reachable() {
  if wants_buildkit; then
    say "asking BuildKit whether $bundled_upstream can be pulled"
    buildkit_reaches "$bundled_upstream"
    return
  fi
  say "asking the engine whether $bundled_upstream can be pulled"
  if docker image inspect "$bundled_upstream" >/dev/null 2>&1; then return 0; fi
  case $DOCKER_HOST in
    unix://*)
      if have curl; then
        status=$(curl -s -o /dev/null -w '%{http_code}' --max-time 10 --unix-socket "${DOCKER_HOST#unix://}" \
          "http://engine/distribution/$bundled_upstream/json" || :)
        # Podman knows no such question, and answers 404 at once; a pull tells.
        case $status in 200) return 0 ;; 404) ;; *) return 1 ;; esac
      fi ;;
  esac
  bounded 60 docker pull -q "$bundled_upstream" >>"$state/setup.log" 2>&1 9>&-
}

docker_command() {
  have docker || { root_on_debian && { apt_install docker-cli || apt_install docker.io; }; }
}

bounded() {
  if have timeout; then timeout "$@"; else shift && "$@"; fi
}

make_root_image() {
  # shellcheck source=/dev/null
  codename=$(. /etc/os-release && printf %s "${VERSION_CODENAME:-stable}")
  image=$registry/edk-upstream/debian-python:$codename
  have mmdebstrap || apt_install mmdebstrap || give_up "mmdebstrap could not be installed"
  say "no hub: making a root image with Python from the distribution's packages (about a minute)"
  rm -rf "$state"/root-image.* # of a run that was interrupted
  work=$(mktemp -d "$state/root-image.XXXXXX")
  trap 'rm -rf "$work"' EXIT
  # Names of apt's files hold no blanks: apt refuses them.
  # shellcheck disable=SC2046
  bootstrap "$work/root.tar" $(host_sources) || bootstrap "$work/root.tar" ||
    give_up "the root image could not be made" "map $bundled_upstream to an image you have, under base_overrides in edk.yaml"
  say "pushing it as $image"
  push_root_image "$work/root.tar" "$image" || give_up "the root image could not be pushed to $registry"
  map_bases "$image"
  printf '%s\n' "$image" >"$state/upstream"
}

push_root_image() {
  if wants_buildkit; then
    buildkit_push "$@"
  else
    logged docker import -c 'CMD ["python3"]' "$1" "$2" && logged docker push -q "$2"
  fi
}

# bootstrap TAR [SOURCES…]: a minimal root with Python and numpy, without documentation.
bootstrap() {
  tar=$1
  shift
  logged mmdebstrap --quiet --variant=minbase --include=python3,python3-numpy,python-is-python3,ca-certificates \
    --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*' \
    --dpkgopt='path-exclude=/usr/share/locale/*' "$codename" "$tar" "$@"
}

# The package sources of this machine work here, whatever mirror they name.
host_sources() { find /etc/apt/sources.list /etc/apt/sources.list.d -type f -size +0 \( -name '*.list' -o -name '*.sources' \) 2>/dev/null; }

map_bases() {
  cat >"$state/edk.yaml.new" <<CONFIG
# Written by scripts/setup.sh: no hub could be reached, so these upstream images stand for a root
# image made here from the distribution's packages. A project's edk.yaml overrides it.
# To ask again, delete this file and the file "upstream" beside it.
base_overrides:
  "debian:bookworm-slim": "$1"
  "debian:bookworm": "$1"
  "debian:12-slim": "$1"
  "ubuntu:24.04": "$1"
  "python:3.12-slim": "$1"
  "python:3.12-slim-bookworm": "$1"
CONFIG
  mv "$state/edk.yaml.new" "$state/edk.yaml"
}
