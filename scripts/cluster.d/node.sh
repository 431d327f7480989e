#!/bin/sh
# The node: the first process of its own namespaces of processes, mounts and network. cluster.sh starts it, as
#   node.sh PLACE PROGRAMS NODE_IP LINK_GATEWAY
# and ends it; with it ends everything that runs in the cluster, and its mounts are gone.
set -eu
place=$1 programs=$2 node_ip=$3 gateway=$4
pki=$place/pki
umask 022
hostname edk

# Mounts of pods travel between the kubelet and containerd, and not out to the machine.
mount --make-rshared /
for folder in /var/lib/kubelet /var/lib/cni /var/log; do mkdir -p "$place/node$folder"; done
mount -t tmpfs -o mode=755 tmpfs /run
mount -t tmpfs -o mode=755 tmpfs /var/lib
mkdir -p /run/netns /run/lock /var/lib/kubelet /var/lib/cni
for folder in /var/lib/kubelet /var/lib/cni /var/log; do mount --bind "$place/node$folder" "$folder"; done
mount --make-rshared /

# The kubelet sets these for the whole machine. It is shown them as it wants them, and the machine keeps its own.
mkdir -p "$place/node/sysctl"
for setting in vm/overcommit_memory=1 vm/panic_on_oom=0 kernel/panic=10 kernel/panic_on_oops=1 \
  kernel/keys/root_maxkeys=1000000 kernel/keys/root_maxbytes=25000000; do
  shown=$place/node/sysctl/$(printf %s "${setting%=*}" | tr / .)
  printf '%s\n' "${setting#*=}" >"$shown"
  mount --bind "$shown" "/proc/sys/${setting%=*}"
done

# The network: a link to the machine, and a bridge for pods, which the CNI plug-in makes.
ip link set lo up
ip addr add "$node_ip/30" dev eth0
ip link set eth0 up
ip route add default via "$gateway"
sysctl -q -w net.ipv4.ip_forward=1 net.bridge.bridge-nf-call-iptables=1
cat >"$place/resolv.conf" <<CONF
nameserver $node_ip
CONF

# start NAME PROGRAM ARGUMENT...: started again when it ends, as a service manager does.
start() {
  name=$1
  shift
  (
    while :; do
      "$@" >>"$place/logs/$name.log" 2>&1 </dev/null || :
      printf 'node: %s ended, and is started again\n' "$name" >>"$place/logs/$name.log"
      sleep 2
    done
  ) &
}

start etcd "$programs/etcd" --data-dir "$place/etcd" --listen-client-urls http://127.0.0.1:2379 \
  --advertise-client-urls http://127.0.0.1:2379 --listen-peer-urls http://127.0.0.1:2380 \
  --unsafe-no-fsync --log-level warn

start containerd containerd --config "$place/containerd.toml"

start kube-apiserver "$programs/kube-apiserver" --etcd-servers http://127.0.0.1:2379 \
  --bind-address "$node_ip" --advertise-address "$node_ip" --secure-port 6443 \
  --service-cluster-ip-range 10.96.0.0/16 --allow-privileged=true --authorization-mode Node,RBAC \
  --enable-admission-plugins NodeRestriction --client-ca-file "$pki/ca.pem" \
  --tls-cert-file "$pki/apiserver.pem" --tls-private-key-file "$pki/apiserver.key" \
  --kubelet-client-certificate "$pki/admin.pem" --kubelet-client-key "$pki/admin.key" \
  --kubelet-certificate-authority "$pki/ca.pem" --kubelet-preferred-address-types InternalIP \
  --service-account-issuer https://kubernetes.default.svc.cluster.local \
  --service-account-key-file "$pki/accounts.pub" --service-account-signing-key-file "$pki/accounts.key"

start kube-controller-manager "$programs/kube-controller-manager" --kubeconfig "$pki/controllers.kubeconfig" \
  --use-service-account-credentials --service-account-private-key-file "$pki/accounts.key" --root-ca-file "$pki/ca.pem" \
  --cluster-cidr 10.244.0.0/16 --allocate-node-cidrs=false --leader-elect=false --bind-address 127.0.0.1

start kube-scheduler "$programs/kube-scheduler" --kubeconfig "$pki/scheduler.kubeconfig" --leader-elect=false \
  --bind-address 127.0.0.1

start kubelet "$programs/kubelet" --config "$place/kubelet.yaml" --kubeconfig "$pki/kubelet.kubeconfig" \
  --hostname-override edk --node-ip "$node_ip"

start kube-proxy "$programs/kube-proxy" --config "$place/proxy.yaml" --hostname-override edk

start coredns "$programs/coredns" -conf "$place/Corefile"

start volumes "$programs/volumes" --kubeconfig "$place/kubeconfig" --root "$place/volumes"

# As the first process here, it also collects what others leave behind.
while :; do wait || :; sleep 5; done
