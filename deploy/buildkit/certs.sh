#!/bin/sh
# Certificates for workers in a cluster: an authority, one pair for the workers, one for those who build.
set -eu

usage() {
  cat <<'USAGE'
usage: deploy/buildkit/certs.sh [OPTION]...

Makes in a folder: ca.pem and ca.key, server/ and client/ each with ca.pem, cert.pem and key.pem, and secrets.yaml with
the two Secrets for the cluster. What is there stays; what is missing is made.

  --dir DIR        the folder; default: ./buildkit-certs
  --namespace NS   of the workers; default: services
  --name NAME      of their StatefulSet and Service; default: buildkitd
  --replicas N     workers that are named one by one; default: 6
  --san NAME       a further name or address of the workers; may be repeated
  --days N         that the pairs are good for; default: 365. The authority is good for ten years.
  --renew          make new pairs by the same authority, in place of those that are there
  --renew-ca       make a new authority as well: all pairs that the old one signed are worth nothing then
  --apply          put the Secrets into the cluster by kubectl; else it is printed how

Keep ca.key away from the cluster: who has it can make certificates that the workers trust.
USAGE
}

fail() {
  printf 'certs: error: %s\n' "$1" >&2
  exit 2
}

say() { printf 'certs: %s\n' "$*" >&2; }

number() {
  case $2 in '' | *[!0-9]* | 0 | ?????*) fail "$1 wants a number from 1 to 9999, not '$2'" ;; esac
}

label() {
  case $2 in '' | -* | *[!a-z0-9-]*) fail "$1 wants a name of lower-case letters, digits and hyphens, not '$2'" ;; esac
}

dir=buildkit-certs namespace=services name=buildkitd replicas=6 days=365
renew='' renew_ca='' apply='' more=''
while [ $# -gt 0 ]; do
  case $1 in
    --renew) renew=1 ;;
    --renew-ca) renew=1 renew_ca=1 ;;
    --apply) apply=1 ;;
    -h | --help)
      usage
      exit 0
      ;;
    --dir | --namespace | --name | --replicas | --san | --days)
      [ $# -gt 1 ] || fail "$1 wants a value"
      case $1 in
        --dir) dir=$2 ;;
        --namespace) label "$1" "$2" && namespace=$2 ;;
        --name) label "$1" "$2" && name=$2 ;;
        --replicas) number "$1" "$2" && replicas=$2 ;;
        --days) number "$1" "$2" && days=$2 ;;
        --san)
          case $2 in
            '' | *[!A-Za-z0-9.:*-]*) fail "--san wants a name or an address, not '$2'" ;;
            *:* | *.[0-9] | *.[0-9][0-9] | *.[0-9][0-9][0-9]) more="$more,IP:$2" ;;
            *) more="$more,DNS:$2" ;;
          esac
          ;;
      esac
      shift
      ;;
    *) fail "unknown argument '$1'; see --help" ;;
  esac
  shift
done
command -v openssl >/dev/null 2>&1 || fail "openssl is not installed"
[ -z "$apply" ] || command -v kubectl >/dev/null 2>&1 || fail "kubectl is not installed, which --apply needs"

# Keys are for their owner alone, from their first byte on.
umask 077
mkdir -p "$dir/server" "$dir/client"
new=$(mktemp -d "$dir/new.XXXXXX")
trap 'rm -rf "$new"' EXIT
trap 'exit 130' INT TERM HUP

# The names that the workers are reached by: all at once, each alone, and this machine, for kubectl port-forward.
names() {
  for domain in "$namespace" "$namespace.svc" "$namespace.svc.cluster.local"; do
    printf 'DNS:%s.%s,DNS:*.%s.%s,' "$name" "$domain" "$name" "$domain"
  done
  pod=0
  while [ "$pod" -lt "$replicas" ]; do
    printf 'DNS:%s-%s,DNS:%s-%s.%s,' "$name" "$pod" "$name" "$pod" "$name"
    pod=$((pod + 1))
  done
  printf 'DNS:%s,DNS:localhost,IP:127.0.0.1,IP:::1%s\n' "$name" "$more"
}

key() { openssl ecparam -name prime256v1 -genkey -noout -out "$1"; }

make_ca() {
  key "$new/ca.key"
  cat >"$new/ca.conf" <<CONF
[req]
distinguished_name = dn
x509_extensions = ca
prompt = no
[dn]
CN = EDK build workers
[ca]
basicConstraints = critical, CA:TRUE, pathlen:0
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
CONF
  openssl req -x509 -new -sha256 -key "$new/ca.key" -days 3650 -config "$new/ca.conf" -out "$new/ca.pem"
  mv "$new/ca.key" "$dir/ca.key"
  mv "$new/ca.pem" "$dir/ca.pem"
}

# make_pair FOLDER COMMON-NAME EXTENSIONS: for one use only, so that a worker's pair does not let anybody build.
make_pair() {
  key "$new/key.pem"
  cat >"$new/pair.conf" <<CONF
[req]
distinguished_name = dn
prompt = no
[dn]
CN = $2
[pair]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
$3
CONF
  openssl req -new -sha256 -key "$new/key.pem" -config "$new/pair.conf" -out "$new/request.pem"
  openssl x509 -req -sha256 -in "$new/request.pem" -CA "$dir/ca.pem" -CAkey "$dir/ca.key" \
    -set_serial "0x$(openssl rand -hex 16)" -days "$days" -extfile "$new/pair.conf" -extensions pair \
    -out "$new/cert.pem" 2>"$new/said" || {
    cat "$new/said" >&2
    exit 1
  }
  mv "$new/key.pem" "$dir/$1/key.pem"
  mv "$new/cert.pem" "$dir/$1/cert.pem"
  cp "$dir/ca.pem" "$dir/$1/ca.pem"
}

# Whether both halves of a pair are there; half of one is somebody's accident, and not overwritten.
there() {
  if [ -e "$1" ] && [ -e "$2" ]; then return 0; fi
  if [ ! -e "$1" ] && [ ! -e "$2" ]; then return 1; fi
  fail "of $1 and $2 one is missing: put it back, or remove the other one"
}

# Whether a certificate belongs to its key, and to the authority; it may have ended.
whole() {
  [ "$(openssl x509 -in "$1/cert.pem" -noout -pubkey)" = "$(openssl pkey -in "$1/key.pem" -pubout)" ] &&
    openssl verify -no_check_time -CAfile "$dir/ca.pem" "$1/cert.pem" >/dev/null 2>&1 && cmp -s "$dir/ca.pem" "$1/ca.pem"
}

if [ -z "$renew_ca" ] && there "$dir/ca.key" "$dir/ca.pem"; then
  say "$dir/ca.pem stays"
else
  # Pairs of an authority that is not there any more are worth nothing.
  if [ -z "$renew_ca" ] && { [ -e "$dir/server/key.pem" ] || [ -e "$dir/client/key.pem" ]; }; then
    fail "there are pairs in $dir, but not the authority that signed them: put ca.key and ca.pem back, or --renew-ca"
  fi
  make_ca
  say "$dir/ca.pem is new; keep $dir/ca.key away from the cluster"
fi
for side in server client; do
  if [ -z "$renew" ] && there "$dir/$side/key.pem" "$dir/$side/cert.pem"; then
    whole "$dir/$side" || fail "$dir/$side is no pair of $dir/ca.pem: --renew makes a new one"
    say "$dir/$side stays"
    openssl x509 -in "$dir/$side/cert.pem" -noout -checkend 2592000 >/dev/null ||
      say "$dir/$side/cert.pem ends within 30 days, or has ended: --renew"
    continue
  fi
  case $side in
    server) make_pair server "$name" "extendedKeyUsage = serverAuth
subjectAltName = $(names)" ;;
    client) make_pair client "edk" "extendedKeyUsage = clientAuth" ;;
  esac
  say "$dir/$side is new"
done

secret() {
  printf 'apiVersion: v1\nkind: Secret\nmetadata:\n  name: buildkit-%s-certs\n  namespace: %s\ntype: Opaque\ndata:\n' \
    "$1" "$namespace"
  for file in ca.pem cert.pem key.pem; do
    printf '  %s: %s\n' "$file" "$(openssl base64 -A -in "$dir/$1/$file")"
  done
}
{
  secret server
  echo ---
  secret client
} >"$new/secrets.yaml"
mv "$new/secrets.yaml" "$dir/secrets.yaml"

if [ -n "$apply" ]; then
  kubectl apply -f "$dir/secrets.yaml"
  say "workers read certificates when they start: kubectl -n $namespace rollout restart statefulset/$name"
else
  say "now: kubectl apply -f $dir/secrets.yaml"
fi
