#!/bin/sh
# Install what the bench measures beside: docker buildx and docker compose from the Go module proxy, skaffold from a folder
# with its sources (SKAFFOLD_SOURCES), each into .cache/peers. What can't be had is said, and the bench goes without it.
set -u
edk_root=$(dirname -- "$(dirname -- "$(readlink -f -- "$0")")")
peers=$edk_root/.cache/peers
mkdir -p "$peers"

has() {
    [ -x "$peers/$1" ] && echo "there:     $1"
}

got() {
    if [ -x "$peers/$1" ]; then echo "installed: $1"; else echo "missing:   $1: $2"; fi
}

if ! command -v go >/dev/null; then
    echo "missing:   go, which all peers are compiled by"
    exit 0
fi
# buildx is the newest one; a newer compose than 2.28.1 has a go.mod that `go install` refuses.
has buildx || { GOBIN=$peers nice -n 19 go install github.com/docker/buildx/cmd/buildx@v0.38.2; got buildx "see above"; }
has docker-compose || {
    GOBIN=$peers nice -n 19 go install github.com/docker/compose/v2/cmd@v2.28.1 &&
        mv "$peers/cmd" "$peers/docker-compose"
    got docker-compose "see above"
}
has skaffold || {
    if [ -d "${SKAFFOLD_SOURCES:-}" ]; then
        (cd "$SKAFFOLD_SOURCES" && nice -n 19 go build -o "$peers/skaffold" ./cmd/skaffold)
    fi
    got skaffold "set SKAFFOLD_SOURCES to a clone of GoogleContainerTools/skaffold: the module proxy has no sound version"
}
