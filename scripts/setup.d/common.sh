# What the steps of setup.sh, stop.sh and test.sh share. Sourced, POSIX sh.
# shellcheck shell=sh

say() { printf 'setup: %s\n' "$*" >&2; }

# Give up with exit code 4: something needed is out of reach. The last argument says what to do.
give_up() {
  printf 'setup: error: %s\n' "$1" >&2
  shift
  for line in "$@"; do printf '  -> %s\n' "$line" >&2; done
  exit 4
}

have() { command -v "$1" >/dev/null 2>&1; }

# The folder for everything that setup starts or finds out; usable without a HOME.
choose_state() {
  if [ -n "${EDK_STATE_DIR:-}" ]; then state=$EDK_STATE_DIR
  elif [ -n "${XDG_STATE_HOME:-}" ]; then state=$XDG_STATE_HOME/edk
  elif [ -n "${HOME:-}" ]; then state=$HOME/.local/state/edk
  else state=/tmp/edk-$(id -u)/edk
  fi
  case $state in /*) ;; *) state=$PWD/$state ;; esac
  EDK_STATE_DIR=$state
  export EDK_STATE_DIR
  # In the cluster nothing is started from here, and the top of a volume is root's, whoever may write to it.
  if in_cluster; then
    [ -d "$state" ] || (umask 077 && mkdir -p "$state" 2>/dev/null) || :
    return 0
  fi
  # The folder holds the socket of a root engine: nobody else may have put it there.
  if [ ! -d "$state/started" ]; then (umask 077 && mkdir -p "$state/started"); fi
  [ -O "$state" ] || give_up "$state belongs to somebody else" "set EDK_STATE_DIR to a folder of your own"
}

# Run a command while holding a lock file. In a subshell: results go through the state folder.
locked() (
  lock=$1
  shift
  exec 9>"$lock"
  if have flock && ! flock -n 9; then
    say "waiting for another set-up to finish"
    flock 9
  fi
  "$@"
)

in_cluster() {
  [ -n "${KUBERNETES_SERVICE_HOST:-}" ] ||
    { [ -n "${KAAPANA_BUILD_VERSION:-}" ] && [ -n "${LOCAL_REGISTRY_URL:-}" ]; }
}

root_on_debian() { have apt-get && [ "$(id -u)" -eq 0 ]; }

# Append a command's output to the log; when it fails, show the end of it.
logged() {
  if "$@" >>"$state/setup.log" 2>&1 9>&-; then return 0; fi
  say "failed: $*"
  tail -n 15 "$state/setup.log" | sed 's/^/  | /' >&2
  say "the whole log: $state/setup.log"
  return 1
}

apt_install() {
  say "installing from apt: $*"
  DEBIAN_FRONTEND=noninteractive
  export DEBIAN_FRONTEND
  # Package lists may be missing or old: fetch them only then.
  if apt-get install -y --no-install-recommends "$@" >>"$state/setup.log" 2>&1 9>&-; then return 0; fi
  logged apt-get update && logged apt-get install -y --no-install-recommends "$@"
}

# A process as "pid start-time boot": a pid that was used again does not match.
identity() {
  [ -r "/proc/$1/stat" ] || return 1
  IFS= read -r stat <"/proc/$1/stat" || return 1
  IFS= read -r boot </proc/sys/kernel/random/boot_id || return 1
  # The name in parentheses may hold blanks: count the fields after it.
  # shellcheck disable=SC2086
  fields "$1" "$boot" ${stat##*) }
}
fields() {
  case $3 in Z | X) return 1 ;; esac # ended, only not yet collected by its parent
  printf '%s %s %s\n' "$1" "${22}" "$2"
}

# True if the process that we recorded under this name still runs; sets $pid.
running() {
  [ -r "$state/started/$1" ] || return 1
  IFS= read -r record <"$state/started/$1" || return 1
  pid=${record%% *}
  case $pid in '' | *[!0-9]*) return 1 ;; esac
  [ "$(identity "$pid")" = "$record" ]
}

# Start a daemon in a session of its own, so that it outlives this terminal, and record it.
launch() {
  name=$1
  shift
  setsid "$@" >>"$state/$name.log" 2>&1 </dev/null 9>&- &
  identity $! >"$state/started/$name"
}

# Wait up to $1 seconds for a command to succeed, while the daemon $2 lives.
wait_for() {
  tries=$(($1 * 5))
  daemon=$2
  shift 2
  while [ "$tries" -gt 0 ]; do
    if "$@"; then return 0; fi
    running "$daemon" || return 1
    sleep 0.2
    tries=$((tries - 1))
  done
  return 1
}

# The HTTP status of a GET, within three seconds, past every proxy; 000 if nobody answers.
# First argument: a socket's path, or host:port. Second: the path asked for.
http_status() {
  case $1 in
    /*) if have curl; then
          curl -s -o /dev/null -w '%{http_code}' --max-time 3 --unix-socket "$1" "http://engine$2" || :
          return 0
        fi ;;
    *)  if have curl; then
          curl -s -o /dev/null -w '%{http_code}' --max-time 3 --noproxy '*' \
            -H 'Accept: application/vnd.docker.distribution.manifest.v2+json' "http://$1$2" || :
          return 0
        fi ;;
  esac
  "$edk_root/.venv/bin/python" -I -S "$edk_root/scripts/setup.d/ask.py" "$1" "$2"
}
