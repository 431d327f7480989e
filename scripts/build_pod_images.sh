#!/bin/sh
# Build the images of the pod (deploy/image) and push them to a registry.
#
#   --registry HOST[/PATH]  where to; default: EDK_REGISTRY, or localhost:32000
#   --tag TAG               default: the version of the EDK
#   --only NAME             of edk, edk-builder, edk-engine, edk-registry this one alone; may be repeated
#   --tools DIR             helm, buildctl and buildkitd for this platform are in DIR: they are not compiled
#   --bases hub|made        public bases, or bases made here from Debian's packages, npm's Node and this machine's Go
#                           (as root on Debian); default: hub if the builder reaches one
#   --base ARG=IMAGE        IMAGE stands for the base that ARG names in the Dockerfiles: DEBIAN, NODE or GO; for sites with
#                           a mirror of their own. May be repeated; what is not named is taken from the hub
#   --renew-bases           make them anew, with the packages of today
#
# BuildKit builds: by docker buildx, else by BUILDKIT_HOST, else by a daemon of our own (edk builder up), which is ended
# again. Certificates of this machine's own authorities (SSL_CERT_FILE), pip's and npm's configuration, GOPROXY and
# GOSUMDB are passed to the steps that fetch packages; nothing of them is in an image.
set -eu
edk_root=$(dirname -- "$(dirname -- "$(readlink -f -- "$0")")")
for step in common python registry buildkit bases; do
  # shellcheck source=/dev/null
  . "$edk_root/scripts/setup.d/$step.sh"
done
for step in builder bases tools; do
  # shellcheck source=/dev/null
  . "$edk_root/scripts/pod_images.d/$step.sh"
done

wrong() {
  printf 'build_pod_images: error: %s; see --help\n' "$1" >&2
  exit 2
}

place=${EDK_REGISTRY:-localhost:32000} tag='' only='' given_tools='' bases='' given_bases='' renew_bases=''
while [ $# -gt 0 ]; do
  case $1 in
    -h | --help)
      sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//;p;}' "$0"
      exit 0 ;;
    --renew-bases) renew_bases=1 ;;
    --registry | --tag | --only | --tools | --bases | --base)
      [ $# -gt 1 ] || wrong "$1 wants a value"
      case $1 in
        --registry) place=$2 ;;
        --tag) tag=$2 ;;
        --only) only="$only $2" ;;
        --tools) given_tools=$2 ;;
        --bases) bases=$2 ;;
        --base) given_bases="$given_bases $2" ;;
      esac
      shift ;;
    *) wrong "unknown argument '$1'" ;;
  esac
  shift
done
case $bases in '' | hub | made) ;; *) wrong "--bases is hub or made, not '$bases'" ;; esac
for given in $given_bases; do
  case $given in DEBIAN=?* | NODE=?* | GO=?*) ;; *) wrong "--base is DEBIAN=IMAGE, NODE=IMAGE or GO=IMAGE, not '$given'" ;; esac
done
[ -z "$given_bases" ] || [ "$bases" != made ] || wrong "--base and --bases made exclude each other"
for name in $only; do
  case $name in edk | edk-builder | edk-engine | edk-registry) ;; *) wrong "there is no image '$name'" ;; esac
done
[ -z "$given_tools" ] || [ -d "$given_tools" ] || wrong "--tools: $given_tools is no folder"

choose_state
version=$(sed -n 's/^version = "\(.*\)"/\1/p' "$edk_root/pyproject.toml" | head -n 1)
: "${tag:=$version}"
registry=${place%%/*} # setup.d's word for host and port
work=$(mktemp -d "$state/pod-images.XXXXXX")
trap 'end_builder; rm -rf "$work"' EXIT
trap 'exit 130' INT TERM HUP

registry_answers || give_up "the registry $registry does not answer" "scripts/setup.sh starts one at localhost:32000"
find_builder
choose_bases
choose_tools
[ -n "$only" ] || only='edk edk-builder edk-registry edk-engine'
for name in $only; do
  folder=${name#edk-}
  say "building $place/$name:$tag"
  build_image "deploy/image/$folder" "$place/$name:$tag"
done
