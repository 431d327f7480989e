# BuildKit in the place of a Docker Engine, where EDK_BUILDER=buildkit says so: one that is known, else one of our own.
# shellcheck shell=sh

wants_buildkit() { [ "${EDK_BUILDER:-}" = buildkit ]; }

buildkit_address() {
  if [ -n "${BUILDKIT_HOST:-}" ]; then printf %s "${BUILDKIT_HOST%%,*}"
  elif [ -r "$state/buildkit/address" ]; then cat "$state/buildkit/address"
  else printf 'unix:///run/buildkit/buildkitd.sock'
  fi
}

buildkit_ready() { have buildctl && buildkit debug workers >/dev/null 2>&1 9>&-; }

# What buildctl itself is told; TLS as edk has it.
buildkit() {
  address=$(buildkit_address)
  case $address in
    tcp://*) if [ -n "${EDK_BUILDKIT_TLS:-}" ]; then set -- --tlsdir "$EDK_BUILDKIT_TLS" "$@"; fi ;;
  esac
  buildctl --addr "$address" "$@"
}

buildkit_make() {
  if buildkit_ready; then return 0; fi
  have buildctl || give_up "buildctl was not found, which EDK_BUILDER=buildkit needs" \
    "install it with buildkitd (github.com/moby/buildkit/releases), or unset EDK_BUILDER"
  if [ -n "${BUILDKIT_HOST:-}" ]; then
    give_up "BuildKit at $BUILDKIT_HOST does not answer" "start it, or unset BUILDKIT_HOST for one of our own"
  fi
  say "starting a BuildKit daemon of our own, data in $state/buildkit"
  "$edk_root/.venv/bin/python" -P -m edk builder up >>"$state/setup.log" 9>&- || exit 4
}

# The same question that an engine is asked about the hub; nothing of the answer is kept but that.
buildkit_reaches() {
  work=$(mktemp -d "$state/upstream.XXXXXX")
  printf 'FROM %s\n' "$1" >"$work/Dockerfile"
  reached=0
  bounded 60 buildctl --addr "$(buildkit_address)" build --frontend dockerfile.v0 --local "context=$work" \
    --local "dockerfile=$work" >>"$state/setup.log" 2>&1 9>&- || reached=1
  rm -rf "$work"
  return $reached
}

# buildkit_push TAR IMAGE: push the root file system in a tar as an image.
buildkit_push() {
  printf 'FROM scratch\nADD %s /\nCMD ["python3"]\n' "${1##*/}" >"${1%/*}/Dockerfile"
  logged buildkit build --frontend dockerfile.v0 --local "context=${1%/*}" --local "dockerfile=${1%/*}" \
    --output "type=image,name=$2,push=true"
}
