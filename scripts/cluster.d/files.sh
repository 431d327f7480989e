# The configuration of the node's programs. Sourced, POSIX sh; $place and $node_ip are set.
# shellcheck shell=sh

files_make() {
  mkdir -p "$place/cni" "$place/logs" "$place/volumes" "$place/etcd"
  chmod 700 "$place/etcd"
  cat >"$place/cni/10-edk.conflist" <<JSON
{"cniVersion": "0.4.0", "name": "edk", "plugins": [
  {"type": "bridge", "bridge": "cni0", "isGateway": true, "hairpinMode": true, "ipMasq": true,
   "ipam": {"type": "host-local", "ranges": [[{"subnet": "10.244.0.0/16"}]], "routes": [{"dst": "0.0.0.0/0"}]}},
  {"type": "portmap", "capabilities": {"portMappings": true}}
]}
JSON
  cat >"$place/containerd.toml" <<TOML
version = 2
root = "$place/containerd"
state = "/run/containerd"
disabled_plugins = ["io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.zfs", "io.containerd.snapshotter.v1.devmapper", "io.containerd.snapshotter.v1.aufs"]
[grpc]
address = "$place/containerd.sock"
[plugins."io.containerd.grpc.v1.cri"]
sandbox_image = "edk.local/pause:1"
# Lower scores than our own take CAP_SYS_RESOURCE, which not every machine's root has.
restrict_oom_score_adj = true
[plugins."io.containerd.grpc.v1.cri".cni]
bin_dir = "/usr/lib/cni"
conf_dir = "$place/cni"
TOML
  cat >"$place/kubelet.yaml" <<YAML
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
address: $node_ip
authentication:
  anonymous: {enabled: false}
  webhook: {enabled: true}
  x509: {clientCAFile: $place/pki/ca.pem}
authorization: {mode: Webhook}
tlsCertFile: $place/pki/kubelet.pem
tlsPrivateKeyFile: $place/pki/kubelet.key
containerRuntimeEndpoint: unix://$place/containerd.sock
cgroupDriver: cgroupfs
cgroupRoot: /$cgroup
clusterDomain: cluster.local
clusterDNS: [$node_ip]
resolvConf: $place/resolv.conf
failSwapOn: false
# The disk is the machine's, and others fill it as well.
evictionHard: {memory.available: 100Mi, nodefs.available: 2%, imagefs.available: 2%}
imageGCHighThresholdPercent: 100
YAML
  cat >"$place/proxy.yaml" <<YAML
apiVersion: kubeproxy.config.k8s.io/v1alpha1
kind: KubeProxyConfiguration
mode: iptables
clusterCIDR: 10.244.0.0/16
clientConnection: {kubeconfig: $place/pki/proxy.kubeconfig}
# The table of connections is the machine's: its size stays.
conntrack: {maxPerCore: 0, tcpEstablishedTimeout: 0s, tcpCloseWaitTimeout: 0s}
YAML
  cat >"$place/Corefile" <<CONF
.:53 {
  bind $node_ip
  errors
  ready $node_ip:8181
  kubernetes cluster.local in-addr.arpa {
    kubeconfig $place/kubeconfig
  }
  cache 5
}
CONF
}
