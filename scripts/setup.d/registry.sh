# The registry that images are pushed to: localhost:32000, as on a node of the platform.
# shellcheck shell=sh

registry_answers() {
  case $(http_status "$registry" /v2/) in 200 | 401) return 0 ;; *) return 1 ;; esac
}

registry_ready() { running registry || registry_answers; }

registry_make() {
  if registry_ready; then return 0; fi
  case $registry in
    localhost:* | 127.0.0.1:*) port=${registry##*:} ;;
    *) give_up "the registry $registry does not answer" "start it, or unset EDK_REGISTRY" ;;
  esac
  if have docker-registry; then registry_by_hand
  elif root_on_debian; then registry_from_apt && registry_by_hand
  else registry_as_container
  fi
}

registry_from_apt() {
  apt_install docker-registry || give_up "docker-registry could not be installed"
  # The package starts a service with open doors (all addresses, another port); ours is a different one.
  if [ -d /run/systemd/system ]; then logged systemctl disable --now docker-registry || :; fi
}

registry_by_hand() {
  say "starting a registry at $registry, data in $state/registry"
  mkdir -p "$state/registry/data"
  cat >"$state/registry/config.yml" <<CONFIG
version: 0.1
log: {level: warn, accesslog: {disabled: true}}
storage:
  filesystem: {rootdirectory: '$(printf %s "$state" | sed "s/'/''/g")/registry/data'}
  delete: {enabled: true}
http: {addr: '127.0.0.1:$port'}
CONFIG
  launch registry docker-registry serve "$state/registry/config.yml"
  wait_for 15 registry registry_answers || {
    tail -n 5 "$state/registry.log" | sed 's/^/  | /' >&2
    give_up "the registry did not come up at $registry" "is the port taken? see $state/registry.log"
  }
}

registry_as_container() {
  have docker || give_up "no registry answers at $registry, and there is no docker command to start one" \
    "install the docker command line, or start a registry there yourself"
  say "starting a registry at $registry in a container (registry:2)"
  container=edk-registry-$port
  docker rm -f "$container" >/dev/null 2>&1 9>&- || :
  logged docker run -d --name "$container" --restart unless-stopped -p "127.0.0.1:$port:5000" \
    -e REGISTRY_STORAGE_DELETE_ENABLED=true -v "$container:/var/lib/registry" registry:2 ||
    give_up "the registry's container does not start" "without a hub, start a registry at $registry yourself"
  printf 'container %s\n' "$container" >"$state/started/registry"
  tries=50
  until registry_answers; do
    tries=$((tries - 1))
    [ "$tries" -gt 0 ] || give_up "the registry's container runs, but $registry does not answer" "docker logs $container"
    sleep 0.2
  done
}
