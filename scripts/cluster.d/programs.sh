# The programs of the cluster: built from Go modules, once, or the machine's packages. Sourced, POSIX sh.
# shellcheck shell=sh

kubernetes_version=v1.32.13
modules=$edk_root/scripts/cluster.d
programs=$edk_root/.cache/cluster

wanted_programs() { cat "$modules"/*/go.sum "$modules"/*/*.go "$modules"/*/*/*.go | cksum; }

programs_ready() {
  [ -r "$programs/made" ] && [ "$(cat "$programs/made")" = "$(wanted_programs)" ]
}

# go_build FOLDER PROGRAM FLAGS: static, and with the machine's other work before it.
go_build() {
  (cd "$modules/$1" && CGO_ENABLED=0 GOFLAGS=-mod=readonly logged nice -n 10 \
    go build -buildvcs=false -trimpath -ldflags "-s -w $3" -o "$programs/$2" "./${4:-.}")
}

programs_make() {
  if programs_ready; then return 0; fi
  have go || give_up "Kubernetes is built from its Go modules: go 1.25 or later is needed" "install it (go.dev/dl)"
  say "building Kubernetes $kubernetes_version, CoreDNS and what goes with them, once (some ten minutes on two processors)"
  mkdir -p "$programs"
  rm -f "$programs/made"
  stamp=k8s.io/component-base/version
  if ! go_build kubernetes kubernetes "-X $stamp.gitVersion=$kubernetes_version -X $stamp.gitMajor=1 \
-X $stamp.gitMinor=32 -X k8s.io/client-go/pkg/version.gitVersion=$kubernetes_version" ||
    ! go_build addons addons "" || ! go_build addons pause "" pause; then
    give_up "the programs of the cluster could not be built"
  fi
  for name in etcd kube-apiserver kube-controller-manager kube-scheduler kubelet kube-proxy kubectl; do
    ln -sf kubernetes "$programs/$name"
  done
  for name in coredns volumes; do ln -sf addons "$programs/$name"; done
  wanted_programs >"$programs/made"
}

packages_make() {
  set --
  have containerd || set -- "$@" containerd
  have runc || set -- "$@" runc
  have iptables || set -- "$@" iptables
  have ip || set -- "$@" iproute2
  have conntrack || set -- "$@" conntrack
  have openssl || set -- "$@" openssl
  have unshare || set -- "$@" util-linux
  have sysctl || set -- "$@" procps
  [ -x /usr/lib/cni/bridge ] || set -- "$@" containernetworking-plugins
  if [ $# -eq 0 ]; then return 0; fi
  root_on_debian || give_up "the node needs: $*" "install them by your machine's packages; CNI plug-ins in /usr/lib/cni"
  apt_install "$@" || give_up "what the node needs could not be installed: $*"
}

# The image of what holds a pod together, as `docker save` would write it: one layer, one program.
pause_image() {
  folder=$place/pause
  mkdir -p "$folder/layer"
  cp "$programs/pause" "$folder/layer/pause"
  tar -C "$folder/layer" --owner 0 --group 0 --numeric-owner -cf "$folder/layer.tar" pause
  digest=$(sha256sum "$folder/layer.tar" | cut -d' ' -f1)
  printf '{"architecture":"%s","os":"linux","config":{"Entrypoint":["/pause"],"User":"65535:65535"},"rootfs":{"type":"layers","diff_ids":["sha256:%s"]}}' \
    "$(go_machine)" "$digest" >"$folder/config.json"
  printf '[{"Config":"config.json","RepoTags":["edk.local/pause:1"],"Layers":["layer.tar"]}]' >"$folder/manifest.json"
  tar -C "$folder" -cf "$place/pause.tar" manifest.json config.json layer.tar
}

go_machine() {
  case $(uname -m) in
    x86_64) echo amd64 ;;
    aarch64) echo arm64 ;;
    *) uname -m ;;
  esac
}
