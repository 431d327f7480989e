# What an engine leaves behind that was killed: its containerd, shims, containers and mounts.
# Only what lies in our own folders counts as ours.
# shellcheck shell=sh

clear_remains() {
  for _ in 1 2 3; do
    if left=$(remains); then
      # shellcheck disable=SC2086
      kill -9 $left 2>/dev/null || :
      gone_within 2 remains >/dev/null || :
    fi
  done
  # Innermost mounts first. awk reads escapes in the value of -v, hence the environment.
  for top in "$state/engine" "$engine_run"; do
    top=$(in_mounts "$top")/ awk 'index($2, ENVIRON["top"]) == 1 { print $2 }' /proc/mounts |
      sort -r | while IFS= read -r mount; do umount -l "$(printf '%b' "$mount")" || :; done
  done
  # A pid file whose process has ended makes dockerd refuse to start, or wait for that containerd.
  rm -f "$engine_socket" "$state/engine/dockerd.pid" "$engine_run/exec/containerd/containerd.pid"
}

# Print the processes of our engine that still live; false if there are none.
remains() {
  left=$(remaining_daemons && remaining_containers)
  [ -n "$left" ] && printf '%s\n' "$left"
}

# Those that work in our folders by their arguments.
remaining_daemons() {
  for process in /proc/[0-9]*; do
    IFS= read -r name 2>/dev/null <"$process/comm" || continue
    case $name in containerd* | runc*) ;; *) continue ;; esac
    if tr '\0' '\n' 2>/dev/null <"$process/cmdline" |
      grep -qF -e "$engine_run/exec/" -e "$state/engine/data/"; then
      printf '%s\n' "${process#/proc/}"
    fi
  done
}

# Those whose root is a layer of our engine. A step of BuildKit outlives everything above it.
remaining_containers() {
  grep -sHE '^[0-9]+ [0-9]+ [0-9:]+ / / ' /proc/[0-9]*/mountinfo |
    grep -F "=$(in_mounts "$state/engine/data")/" | cut -d/ -f3 || :
}

# A path as /proc/mounts writes it: blanks as \040.
in_mounts() { printf %s "$1" | sed 's/ /\\040/g'; }

gone_within() {
  tries=$(($1 * 10))
  shift
  while "$@"; do
    [ "$tries" -gt 0 ] || return 1
    sleep 0.1
    tries=$((tries - 1))
  done
}
