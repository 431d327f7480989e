#!/bin/sh
# A Kubernetes of one node on this machine, for tests: kept in namespaces of its own, with nothing else of the machine.
#
#   scripts/cluster.sh up               build what it is made of (once), start it, wait until it is ready
#   scripts/cluster.sh status           whether it runs, its version, and where things are; exit code 1 if it does not
#   scripts/cluster.sh load IMAGE...    bring images of a local registry (localhost:32000/NAME:TAG) onto the node,
#                                       there under the name edk.local/NAME:TAG
#   scripts/cluster.sh run COMMAND...   a command with KUBECONFIG set and kubectl on PATH
#   scripts/cluster.sh down             end it, and remove everything but the programs
#
# Needs: Linux, root, 3 GB of memory, 6 GB of disk; Go 1.25 or later and a Go module proxy to build it (some ten minutes
# on two processors, once; programs in .cache/cluster), and from the machine's packages containerd, runc, iptables with
# NAT, CNI plug-ins, iproute2, conntrack, openssl (on Debian and Ubuntu installed where they are missing).
# What runs: etcd, API server, controllers, scheduler, kubelet, kube-proxy (mode iptables), containerd, CoreDNS, and a
# provisioner of volumes. Not there: a metrics server, an ingress controller, and who enforces NetworkPolicies.
#
#   EDK_CLUSTER_DIR   its folder (default: cluster in the folder of scripts/setup.sh); EDK_CLUSTER_NET its link to this
#                     machine, a.b.c (default: a free one of 10.211)
set -eu
edk_root=$(dirname -- "$(dirname -- "$(readlink -f -- "$0")")")
. "$edk_root/scripts/setup.d/common.sh"
. "$edk_root/scripts/cluster.d/programs.sh"
. "$edk_root/scripts/cluster.d/certificates.sh"
. "$edk_root/scripts/cluster.d/files.sh"
say() { printf 'cluster: %s\n' "$*" >&2; }

usage() { sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//;p;}' "$edk_root/scripts/cluster.sh"; }

places() {
  choose_state
  # As it really is called: links and dots must not hide where it lies.
  place=$(readlink -m -- "${EDK_CLUSTER_DIR:-$state/cluster}")
  case $place in
    /run/* | /var/lib/* | /var/log/*) give_up "the cluster cannot keep its data in $place" "set EDK_CLUSTER_DIR" ;;
  esac
  [ ${#place} -le 80 ] || give_up "the path $place is too long for sockets" "set EDK_CLUSTER_DIR"
  id=edk$(printf %s "$place" | cksum | cut -d' ' -f1 | cut -c1-8)
  cgroup=$id-cluster
  link=$id-c
  sock=$place/containerd.sock
  mark=made-by-cluster.sh
  PATH=$programs:$PATH
}

up() {
  [ "$(id -u)" -eq 0 ] || give_up "a node of Kubernetes needs root"
  if running "$id"; then
    node_ip=$(cat "$place/node_ip")
    ready
    status
    return 0
  fi
  clear
  programs_make
  packages_make
  iptables -t nat -L -n >/dev/null 2>&1 || give_up "iptables has no NAT here: Services need it"
  mkdir -p "$place"
  chmod 700 "$place"
  : >"$place/$mark"
  choose_net
  say "starting a cluster in $place"
  certificates_make || give_up "the certificates could not be made"
  files_make
  pause_image
  cgroups_make
  ip netns add "$id"
  ip link add "$link" type veth peer name eth0 netns "$id"
  ip addr add "$net.1/30" dev "$link"
  ip link set "$link" up
  # The process that we record ends the node's first process when it ends, and with that the whole.
  launch "$id" nsenter "--net=/run/netns/$id" unshare --fork --kill-child --pid --mount --mount-proc --uts --ipc \
    --propagation private "$edk_root/scripts/cluster.d/node.sh" "$place" "$programs" "$node_ip" "$net.1"
  wait_for 60 "$id" ctr --address "$sock" version >/dev/null 2>&1 || failed "containerd did not come up"
  ctr --address "$sock" --namespace k8s.io images import "$place/pause.tar" >>"$state/$id.log" 2>&1 ||
    failed "the image of pods could not be brought in"
  ready
  kube apply -f "$edk_root/scripts/cluster.d/storage.yaml" >>"$state/$id.log"
  status
}

failed() {
  for log in "$state/$id.log" "$place"/logs/*.log; do
    printf '== %s\n' "$log" >&2
    tail -n 5 "$log" 2>/dev/null | cut -c1-300 | sed 's/^/  | /' >&2
  done
  give_up "$1" "look at $place/logs" "scripts/cluster.sh down"
}

kube() { KUBECONFIG=$place/kubeconfig "$programs/kubectl" "$@"; }

node_ready() {
  [ "$(kube get node edk -o 'jsonpath={.status.conditions[?(@.type=="Ready")].status}' 2>/dev/null)" = True ] &&
    kube -n default get serviceaccount default >/dev/null 2>&1 &&
    [ "$(http_status "$node_ip:8181" /ready)" = 200 ]
}

ready() { wait_for 240 "$id" node_ready || failed "the node did not become ready"; }

choose_net() {
  net=${EDK_CLUSTER_NET:-}
  third=0
  while [ -z "$net" ]; do
    if [ "$third" -gt 255 ]; then give_up "no network of 10.211 is free" "set EDK_CLUSTER_NET"; fi
    ip -4 addr | grep -q "inet 10\.211\.$third\." || ip -4 route | grep -q "^10\.211\.$third\." || net=10.211.$third
    third=$((third + 1))
  done
  node_ip=$net.2
  printf '%s\n' "$node_ip" >"$place/node_ip"
}

# With cgroups v1, the kubelet's folder in each hierarchy; with v2 in the one.
cgroups_make() {
  if [ -e /sys/fs/cgroup/cgroup.controllers ]; then
    mkdir -p "/sys/fs/cgroup/$cgroup"
    return 0
  fi
  for controller in /sys/fs/cgroup/*/; do
    case $controller in */unified/) continue ;; esac
    mkdir -p "$controller$cgroup"
  done
  # A new cpuset has no processors, and takes no process.
  for of in cpus mems; do
    cat "/sys/fs/cgroup/cpuset/cpuset.$of" >"/sys/fs/cgroup/cpuset/$cgroup/cpuset.$of"
  done
}

cgroups_clear() {
  find /sys/fs/cgroup -depth -type d -path "*/$cgroup*" -exec rmdir {} + 2>/dev/null || :
}

# Remove what a cluster leaves: ended by us, or by the machine's restart.
clear() {
  ip link del "$link" 2>/dev/null || :
  ip netns del "$id" 2>/dev/null || :
  cgroups_clear
  if [ -d "$place" ]; then
    # Somebody's own folder may be named by mistake.
    if [ ! -e "$place/$mark" ] && [ -n "$(ls -A "$place")" ]; then
      give_up "$place is not empty, and was not made by this script" "set EDK_CLUSTER_DIR to a folder of its own"
    fi
    if grep -q " $place/" /proc/self/mountinfo; then
      give_up "something is mounted in $place" "umount it, then scripts/cluster.sh down"
    fi
    rm -rf --one-file-system "$place"
  fi
}

down() {
  if running "$id"; then
    say "ending the cluster in $place"
    # The kernel ends all processes of the namespace with its first one. Nothing here is worth a slower end.
    kill -KILL "$pid" 2>/dev/null || :
    tries=50
    while running "$id" && [ "$tries" -gt 0 ]; do
      sleep 0.2
      tries=$((tries - 1))
    done
    if running "$id"; then give_up "process $pid does not end"; fi
    sleep 1
  fi
  rm -f "$state/started/$id"
  clear
  say "no cluster runs; the programs stay in $programs"
}

status() {
  if ! running "$id"; then
    say "no cluster runs in $place"
    return 1
  fi
  say "runs in $place (process $pid), logs in $place/logs"
  kube get nodes -o wide --no-headers >&2 || return 1
  printf 'KUBECONFIG=%s\n' "$place/kubeconfig"
}

load() {
  running "$id" || give_up "no cluster runs" "scripts/cluster.sh up"
  for image in "$@"; do
    name=${image#*/}
    ctr --address "$sock" --namespace k8s.io images pull --plain-http "$image" >>"$state/$id.log" 2>&1 ||
      give_up "$image could not be fetched" "look at $state/$id.log"
    ctr --address "$sock" --namespace k8s.io images tag --force "$image" "edk.local/$name" >/dev/null
    # Under its first name it would seem to come from the cluster's own registry.
    ctr --address "$sock" --namespace k8s.io images rm "$image" >/dev/null
    printf 'edk.local/%s\n' "$name"
  done
}

case ${1:-} in
  up | status | down)
    [ $# -eq 1 ] || { usage >&2; exit 2; }
    places
    case $1 in
      status) status ;;
      *) locked "$state/$id.lock" "$1" ;;
    esac ;;
  load)
    shift
    places
    load "$@" ;;
  run)
    shift
    places
    running "$id" || give_up "no cluster runs" "scripts/cluster.sh up"
    KUBECONFIG=$place/kubeconfig
    export KUBECONFIG PATH
    exec "$@" ;;
  --help | -h) usage ;;
  *)
    usage >&2
    exit 2 ;;
esac
