# The Docker Engine: one that is there wins; else one of our own, on Debian and Ubuntu as root.
# shellcheck shell=sh

# The socket and the runtime folder of our own engine. A socket's path has at most 107 characters.
engine_places() {
  engine_run=$state/engine
  if [ ${#state} -gt 55 ]; then engine_run=/run/edk-$(printf %s "$state" | cksum | cut -d' ' -f1); fi
  engine_socket=$engine_run/docker.sock
  users_engine=${DOCKER_HOST:-}
  if [ "$users_engine" = "unix://$engine_socket" ]; then users_engine=; fi
}

engine_answers() { [ -S "$1" ] && [ -w "$1" ] && [ "$(http_status "$1" /_ping)" = 200 ]; }

# Set DOCKER_HOST to an engine that answers: the user's, our own, or a usual socket.
engine_ready() {
  if [ -n "$users_engine" ]; then return 0; fi
  if running engine && [ -S "$engine_socket" ]; then
    export DOCKER_HOST="unix://$engine_socket"
    return 0
  fi
  for socket in "$engine_socket" /var/run/docker.sock "${XDG_RUNTIME_DIR:-/nowhere}/docker.sock" "${HOME:-/nowhere}/.docker/run/docker.sock" \
    "${XDG_RUNTIME_DIR:-/nowhere}/podman/podman.sock" /run/podman/podman.sock; do
    if engine_answers "$socket"; then
      export DOCKER_HOST="unix://$socket"
      return 0
    fi
  done
  return 1
}

# Remember the choice as NAME=value for who runs edk without these scripts. The user's own is not ours to keep.
record_engine() {
  IFS= read -r recorded 2>/dev/null <"$state/env" || recorded=
  if [ "$recorded" != "DOCKER_HOST=$DOCKER_HOST" ] && [ -z "$users_engine" ]; then
    printf 'DOCKER_HOST=%s\n' "$DOCKER_HOST" >"$state/env"
  fi
}

engine_make() {
  if engine_ready; then return 0; fi
  if [ -S /var/run/docker.sock ] && [ ! -w /var/run/docker.sock ]; then
    give_up "you may not use /var/run/docker.sock" "sudo usermod -aG docker $(id -un), and log in again"
  fi
  root_on_debian || give_up "no Docker Engine was found" \
    "install and start one (docs.docker.com/engine/install), or set DOCKER_HOST" \
    "on Debian or Ubuntu this script does it when run as root"
  if ! have dockerd || ! have iptables || ! have ip; then
    apt_install docker.io iptables iproute2 ca-certificates curl || give_up "docker.io could not be installed"
  fi
  if [ -d /run/systemd/system ]; then engine_from_service; else engine_by_hand; fi
}

engine_from_service() {
  if engine_ready; then return 0; fi
  say "starting the service docker"
  logged systemctl start docker || give_up "the service docker does not start" "journalctl -u docker"
  printf 'service docker\n' >"$state/started/engine"
  engine_ready || give_up "the service docker runs, but /var/run/docker.sock does not answer" "journalctl -u docker"
}

engine_by_hand() {
  case $state in
    *[,:]*) give_up "a Docker Engine cannot keep its data in $state" \
      "set EDK_STATE_DIR to a folder without comma and colon in its path" ;;
  esac
  say "starting a Docker Engine of our own, data in $state/engine"
  mkdir -p "$state/engine/data" "$engine_run"
  # One that runs without our record of it keeps its folder.
  pid=$(cat "$state/engine/dockerd.pid" 2>/dev/null || :)
  if [ -n "$pid" ] && is_dockerd "$pid"; then
    give_up "the engine in $state/engine runs (process $pid), but does not answer" "kill $pid, and run this again"
  fi
  clear_remains
  set -- --data-root "$state/engine/data" --exec-root "$engine_run/exec" \
    --host "unix://$engine_socket" --pidfile "$state/engine/dockerd.pid"
  if other_engine_runs; then
    own_bridge
    set -- "$@" --bridge "$bridge"
  fi
  # Without NAT, RUN steps reach the network only by host networking; builds work all the same.
  if ! iptables -t nat -L -n >/dev/null 2>&1; then
    say "iptables has no NAT here: RUN steps will have no network of their own"
    set -- "$@" --iptables=false
  fi
  launch engine dockerd "$@"
  wait_for 30 engine engine_answers "$engine_socket" || {
    tail -n 15 "$state/engine.log" | sed 's/^/  | /' >&2
    give_up "the Docker Engine did not come up" "look at $state/engine.log"
  }
}

is_dockerd() {
  IFS= read -r name 2>/dev/null <"/proc/$1/comm" && [ "$name" = dockerd ] && identity "$1" >/dev/null
}

other_engine_runs() {
  for process in /proc/[0-9]*; do
    if is_dockerd "${process#/proc/}"; then return 0; fi
  done
  return 1
}

# Two engines on one machine must not share docker0. Sets $bridge to one of our own, on a free subnet.
own_bridge() {
  bridge=edk$(printf %s "$state" | cksum | cut -d' ' -f1)
  printf '%s\n' "$bridge" >"$state/started/bridge"
  if [ -d "/sys/class/net/$bridge" ]; then return 0; fi
  net=20
  while ip -4 addr | grep -q "inet 172\.$net\." || ip -4 route | grep -q "^172\.$net\."; do net=$((net + 1)); done
  say "another engine runs here: ours gets a bridge of its own, $bridge (172.$net.0.0/16)"
  ip link add "$bridge" type bridge
  ip addr add "172.$net.0.1/16" dev "$bridge"
  ip link set "$bridge" up
}
