#!/bin/sh
# Run every check: shellcheck, ruff, mypy, import-linter, pytest with integration and end-to-end tests.
# Sets up what is missing first, and at the end stops what it started. Arguments go to pytest.
# In CI (CI=true) a missing engine or registry is a failure, elsewhere their tests are skipped.
set -eu
edk_root=$(dirname -- "$(dirname -- "$(readlink -f -- "$0")")")
cd "$edk_root"
case ${1:-} in
  --help | -h)
    sed -n '2,/^set/{/^set/d;s/^# //p;}' "$0"
    exit 0 ;;
esac
. scripts/setup.d/common.sh
choose_state
tools=$edk_root/.cache/bin
mkdir -p "$tools"
PATH=$edk_root/.venv/bin:$tools:$PATH

already=
for part in registry engine; do
  if running "$part" || [ -e "$state/started/$part" ]; then already="$already $part"; fi
done
# shellcheck disable=SC2317 # called by the trap
stop_what_we_started() {
  if [ -n "${pod_images:-}" ]; then kill "$pod_images" 2>/dev/null || :; fi
  for part in registry engine; do
    case $already in *" $part"*) ;; *) scripts/stop.sh "$part" ;; esac
  done
}
trap stop_what_we_started EXIT
trap 'exit 130' INT TERM HUP

skip() { printf 'test: skipped: %s\n' "$*" >&2; }

check() {
  printf '\n== %s\n' "$*" >&2
  "$@" || failed=${failed:-$?}
}

install_helm() {
  if have helm; then return 0; fi
  if ! have go; then
    skip "helm: neither helm nor go is here, tests that need it skip themselves"
    return 0
  fi
  say "installing helm with go, once (some minutes)"
  GOBIN=$tools GOFLAGS=-mod=mod logged go install helm.sh/helm/v3/cmd/helm@v3.16.4 || skip "helm could not be installed"
}

install_buildkit() {
  if ! have runc && root_on_debian; then apt_install runc || :; fi
  for program in buildctl buildkitd; do
    if have $program; then continue; fi
    if ! have go; then
      skip "$program: neither it nor go is here, tests that need it skip themselves"
      return 0
    fi
    say "installing $program with go, once (some minutes)"
    GOBIN=$tools GOFLAGS=-mod=mod logged go install "github.com/moby/buildkit/cmd/$program@v0.17.3" ||
      skip "$program could not be installed"
  done
}

install_shellcheck() {
  have shellcheck || { root_on_debian && apt_install shellcheck; } || skip "shellcheck is not here"
}

# Tests make their small base image from it, where there is no hub to pull one from.
install_busybox() {
  have busybox || { root_on_debian && apt_install busybox-static; } || skip "busybox is not here: no small base for tests"
}

# The images of the pod take some minutes; they are built meanwhile.
start_pod_images() {
  pod_images=
  if ! have helm || ! have buildctl || ! have buildkitd || ! have runc; then
    skip "the pod's images, and their tests: helm, buildctl, buildkitd and runc are needed"
    return 0
  fi
  set --
  if [ -x "$tools/helm" ] && [ -x "$tools/buildctl" ] && [ -x "$tools/buildkitd" ]; then set -- --tools "$tools"; fi
  nice -n 15 scripts/build_pod_images.sh "$@" >"$state/pod-images.log" 2>&1 9>&- &
  pod_images=$!
}

pod_images_made() {
  [ -n "$pod_images" ] || return 1
  say "waiting for the pod's images"
  if wait "$pod_images"; then
    pod_images=
    return 0
  fi
  pod_images=
  tail -n 30 "$state/pod-images.log" | sed 's/^/  | /' >&2
  if [ "${CI:-}" = true ]; then failed=${failed:-1}; fi
  skip "the pod's tests: its images could not be built, see $state/pod-images.log"
  return 1
}

failed=
scripts/setup.sh || {
  if [ "${CI:-}" = true ]; then exit 4; fi
  skip "integration and end-to-end tests: there is no engine or registry"
}
edk_needs=python
. scripts/setup.sh
python_ready requirements-dev.lock || locked "$edk_root/.venv.lock" python_make requirements-dev.lock
engine_places
engine_ready || :
install_busybox
install_helm
install_buildkit
install_shellcheck

# Names that one file sets and another reads are not followed: SC1091, SC2034, SC2154.
if have shellcheck; then
  check shellcheck -e SC1091,SC2034,SC2154 init.sh build_extension.sh .ci/run scripts/*.sh scripts/setup.d/*.sh \
    scripts/pod_images.d/*.sh deploy/image/*/*.sh deploy/image/edk/edk-pod deploy/image/edk/edk-pod-certificates \
    scripts/cluster.d/*.sh
fi
check ruff check --output-format concise .
check mypy --strict edk
check lint-imports
if [ $# -gt 0 ]; then
  check python -m pytest "$@"
else
  # Beside the fast tests, which need neither engine nor registry, so that those that do have both to themselves.
  start_pod_images
  pod_tests='tests/e2e/pod tests/integration/test_pod_images.py'
  check python -m pytest -p no:cacheprovider tests/unit tests/simulation
  check python -m pytest -p no:cacheprovider --ignore tests/unit --ignore tests/simulation \
    --ignore tests/e2e/pod --ignore tests/integration/test_pod_images.py
  # shellcheck disable=SC2086
  if pod_images_made; then EDK_E2E_POD=1 check python -m pytest -p no:cacheprovider $pod_tests; fi
fi
exit "${failed:-0}"
