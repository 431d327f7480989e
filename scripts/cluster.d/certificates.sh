# Keys, certificates and kubeconfigs of the cluster. Sourced, POSIX sh; $place and $node_ip are set.
# shellcheck shell=sh

# signed NAME SUBJECT [EXTENSION...]: a key and a certificate by the cluster's authority.
signed() {
  pair=$place/pki/$1
  subject=$2
  shift 2
  for line in 'basicConstraints = CA:FALSE' 'keyUsage = digitalSignature, keyEncipherment' \
    'extendedKeyUsage = clientAuth, serverAuth' "$@"; do printf '%s\n' "$line"; done >"$pair.conf"
  openssl req -new -newkey rsa:2048 -nodes -subj "$subject" -keyout "$pair.key" -out "$pair.request" 2>/dev/null &&
    openssl x509 -req -sha256 -days 365 -in "$pair.request" -CA "$place/pki/ca.pem" -CAkey "$place/pki/ca.key" \
      -set_serial "0x$(openssl rand -hex 8)" -extfile "$pair.conf" -out "$pair.pem" 2>/dev/null
}

# kubeconfig PAIR FILE: reaches the API server as the pair's subject.
kubeconfig() {
  cat >"$2" <<YAML
apiVersion: v1
kind: Config
clusters:
  - name: edk
    cluster:
      server: https://$node_ip:6443
      certificate-authority-data: $(openssl base64 -A -in "$place/pki/ca.pem")
users:
  - name: $1
    user:
      client-certificate-data: $(openssl base64 -A -in "$place/pki/$1.pem")
      client-key-data: $(openssl base64 -A -in "$place/pki/$1.key")
contexts:
  - name: edk
    context: {cluster: edk, user: $1}
current-context: edk
YAML
}

certificates_make() {
  mkdir -p "$place/pki"
  umask 077
  openssl req -x509 -newkey rsa:2048 -nodes -days 365 -subj /CN=edk-cluster -addext keyUsage=critical,keyCertSign,cRLSign \
    -keyout "$place/pki/ca.key" -out "$place/pki/ca.pem" 2>/dev/null &&
    openssl genrsa -out "$place/pki/accounts.key" 2048 2>/dev/null &&
    openssl rsa -in "$place/pki/accounts.key" -pubout -out "$place/pki/accounts.pub" 2>/dev/null &&
    signed apiserver /CN=kube-apiserver "subjectAltName = DNS:kubernetes, DNS:kubernetes.default, \
DNS:kubernetes.default.svc, DNS:kubernetes.default.svc.cluster.local, DNS:localhost, IP:127.0.0.1, IP:10.96.0.1, IP:$node_ip" &&
    signed admin /O=system:masters/CN=edk-admin &&
    signed kubelet /O=system:nodes/CN=system:node:edk "subjectAltName = DNS:edk, IP:$node_ip" &&
    signed controllers /CN=system:kube-controller-manager &&
    signed scheduler /CN=system:kube-scheduler &&
    signed proxy /CN=system:kube-proxy || return 1
  for who in admin kubelet controllers scheduler proxy; do kubeconfig $who "$place/pki/$who.kubeconfig"; done
  cp "$place/pki/admin.kubeconfig" "$place/kubeconfig"
}
