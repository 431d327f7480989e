#!/bin/sh
# Start dockerd, as docker:dind does.
#
# Without arguments, or with flags alone, it listens at its socket and at port 2376 with certificates on both sides, which
# are in $DOCKER_TLS_CERTDIR/server, or are made there; with DOCKER_TLS_CERTDIR empty at port 2375 without.
# With `dockerd` as the first argument it listens where the flags say, and nowhere else.
set -eu

say() { printf 'dockerd-entrypoint: %s\n' "$*" >&2; }

pair() { # FOLDER COMMON-NAME USE
  mkdir -p "$certs/$1"
  openssl req -newkey rsa:2048 -nodes -subj "/CN=$2" -keyout "$certs/$1/key.pem" -out "$certs/$1/csr.pem" 2>/dev/null
  printf 'extendedKeyUsage = %s\nsubjectAltName = %s\n' "$3" "$names" >"$certs/$1/ext"
  openssl x509 -req -in "$certs/$1/csr.pem" -CA "$certs/ca/cert.pem" -CAkey "$certs/ca/key.pem" -days 825 -sha256 \
    -set_serial "0x$(openssl rand -hex 16)" -extfile "$certs/$1/ext" -out "$certs/$1/cert.pem" 2>/dev/null
  cp "$certs/ca/cert.pem" "$certs/$1/ca.pem"
  rm "$certs/$1/csr.pem" "$certs/$1/ext"
}

make_certificates() {
  if [ -s "$certs/server/key.pem" ] && [ -s "$certs/server/cert.pem" ] && [ -s "$certs/server/ca.pem" ]; then return 0; fi
  say "making certificates in $certs"
  mkdir -p "$certs"
  names="DNS:$(hostname),DNS:docker,DNS:localhost,IP:127.0.0.1,IP:::1${DOCKER_TLS_SAN:+,$DOCKER_TLS_SAN}"
  (
    umask 077
    mkdir -p "$certs/ca"
    openssl req -x509 -newkey rsa:2048 -nodes -days 825 -sha256 -subj '/CN=docker:dind CA' \
      -keyout "$certs/ca/key.pem" -out "$certs/ca/cert.pem" 2>/dev/null
    # The server's come last: where they are, all are, and nothing is made when this was killed and is started again.
    pair client docker:dind-client clientAuth
    pair server docker:dind serverAuth
  )
  # Who builds may be another user than this one.
  chmod -R a+rX "$certs/client"
}

# With control groups v2 a group that holds processes cannot hand controllers on to containers: ours make room.
make_room_in_cgroup() {
  top=/sys/fs/cgroup
  # The first process alone: in somebody else's groups there is nothing to move.
  if [ "$$" != 1 ] || [ ! -e "$top/cgroup.controllers" ] || [ ! -w "$top/cgroup.subtree_control" ]; then return 0; fi
  mkdir -p "$top/init"
  while IFS= read -r process; do
    echo "$process" >"$top/init/cgroup.procs" || : # it may have ended meanwhile
  done <"$top/cgroup.procs" 2>/dev/null
  sed 's/^/+/; s/ / +/g' "$top/cgroup.controllers" >"$top/cgroup.subtree_control" ||
    say "control groups cannot be handed on: limits of containers will not hold"
}

case ${1:-} in
  '' | -*)
    certs=${DOCKER_TLS_CERTDIR:-}
    if [ -n "$certs" ]; then
      make_certificates
      set -- --host tcp://0.0.0.0:2376 --tlsverify --tlscacert "$certs/server/ca.pem" \
        --tlscert "$certs/server/cert.pem" --tlskey "$certs/server/key.pem" "$@"
    else
      say "DOCKER_TLS_CERTDIR is empty: whoever reaches port 2375 is root here"
      set -- --host tcp://0.0.0.0:2375 --tls=false "$@"
    fi
    set -- dockerd --host unix:///var/run/docker.sock "$@" ;;
esac
if [ "$1" = dockerd ]; then
  # Of one that was killed.
  rm -f /var/run/docker.pid /run/docker/containerd/containerd.pid
  make_room_in_cgroup
  # Old kernels know only the older kind of iptables.
  if ! iptables -nL >/dev/null 2>&1 && have_legacy=$(command -v iptables-legacy) && "$have_legacy" -nL >/dev/null 2>&1; then
    mkdir -p /usr/local/sbin
    ln -sf "$have_legacy" /usr/local/sbin/iptables
  fi
fi
exec "$@"
