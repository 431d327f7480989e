# The builder of the pod's images: docker buildx where it is, else buildctl. Both know secrets, caches and named
# contexts, which the older builder of Docker does not.
# shellcheck shell=sh

daemon_is_ours=

find_builder() {
  if docker buildx version >/dev/null 2>&1; then
    builder=buildx
    return 0
  fi
  builder=buildctl
  have buildctl || give_up "neither docker buildx nor buildctl was found" \
    "install docker-buildx, or buildctl and buildkitd (github.com/moby/buildkit/releases)"
  if buildkit_ready; then return 0; fi
  python_ready requirements.lock || locked "$edk_root/.venv.lock" python_make requirements.lock
  EDK_REGISTRY=$registry
  export EDK_REGISTRY
  buildkit_make
  daemon_is_ours=1
}

# One that ran before goes on. Its cache stays for the next time in any case.
end_builder() {
  if [ -z "$daemon_is_ours" ]; then return 0; fi
  "$edk_root/.venv/bin/python" -P -m edk builder down >>"$state/setup.log" 2>&1 || :
}

# build_image FOLDER REF [CONTEXT]: by the Dockerfile in FOLDER; CONTEXT is the repository, unless another one is given.
build_image() {
  file=$1/Dockerfile
  ref=$2
  context=${3:-$edk_root}
  case $file in /*) ;; *) file=$edk_root/$file ;; esac
  set --
  site_secrets "$@"
  if [ "$builder" = buildx ]; then by_buildx; else by_buildctl; fi || {
    say "error: $ref could not be built"
    exit 1
  }
}

# What a site needs to reach its registries of packages. Files are given as secrets, and are in no layer.
site_secrets() {
  : >"$work/secrets"
  secret ca "${SSL_CERT_FILE:-}"
  secret pip.conf "$(first_of "${PIP_CONFIG_FILE:-}" "${HOME:-/nowhere}/.config/pip/pip.conf" /etc/pip.conf)"
  secret npmrc "$(first_of "${NPM_CONFIG_USERCONFIG:-}" "${HOME:-/nowhere}/.npmrc")"
}

secret() {
  if [ -n "$2" ] && [ -s "$2" ]; then printf 'id=%s,src=%s\n' "$1" "$2" >>"$work/secrets"; fi
}

first_of() {
  for found in "$@"; do
    if [ -n "$found" ] && [ -s "$found" ]; then
      printf %s "$found"
      return 0
    fi
  done
}

# Build arguments, one a line. BuildKit itself keeps those of proxies out of an image's history.
arguments() {
  printf 'VERSION=%s\n' "$version"
  cat "$work/bases" 2>/dev/null || :
  for name in GOPROXY GOSUMDB HTTP_PROXY HTTPS_PROXY NO_PROXY http_proxy https_proxy no_proxy; do
    eval "value=\${$name:-}"
    if [ -n "$value" ]; then printf '%s=%s\n' "$name" "$value"; fi
  done
}

by_buildx() {
  set -- --file "$file" --tag "$ref" --push --provenance=false --progress plain
  while IFS= read -r line; do set -- "$@" --secret "$line"; done <"$work/secrets"
  arguments >"$work/arguments"
  while IFS= read -r line; do set -- "$@" --build-arg "$line"; done <"$work/arguments"
  if [ -d "$work/tools" ]; then set -- "$@" --build-context "tools=$work/tools"; fi
  docker buildx build "$@" "$context"
}

by_buildctl() {
  # Fast compression: half of the time, for a tenth more of bytes.
  set -- --frontend dockerfile.v0 --progress plain --local "context=$context" --local "dockerfile=${file%/*}" \
    --output "type=image,name=$ref,push=true,compression=gzip,compression-level=1"
  while IFS= read -r line; do set -- "$@" --secret "$line"; done <"$work/secrets"
  arguments >"$work/arguments"
  while IFS= read -r line; do set -- "$@" --opt "build-arg:$line"; done <"$work/arguments"
  if [ -d "$work/tools" ]; then set -- "$@" --local "tools=$work/tools" --opt context:tools=local:tools; fi
  buildkit build "$@"
}
