#!/bin/sh
# What is made from the chart's sources.
#
# usage: scripts/chart.sh docs       deploy/chart/README.md, and the descriptions in values.schema.json, from values.yaml
#        scripts/chart.sh golden     the stored renderings in tests/unit/deploy/chart/golden: read what git diff shows
#        scripts/chart.sh package [DIR]   the archive edk-VERSION.tgz, for the platform's Extensions page; default: here
set -eu
edk_root=$(dirname -- "$(dirname -- "$(readlink -f -- "$0")")")
here=$PWD
cd "$edk_root"
. scripts/setup.d/common.sh
PATH=$edk_root/.venv/bin:$edk_root/.cache/bin:$PATH
helm_docs=v1.14.2

usage() { sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//p;}' "$0"; }

docs() {
  if ! have helm-docs; then
    have go || give_up "helm-docs is not installed" "install Go, or helm-docs $helm_docs, and run this again"
    say "installing helm-docs with go, once"
    GOBIN=$edk_root/.cache/bin GOFLAGS=-mod=mod go install "github.com/norwoodj/helm-docs/cmd/helm-docs@$helm_docs"
  fi
  python -m tests.support.chart descriptions
  helm-docs --chart-search-root deploy/chart --sort-values-order file --log-level warning
}

case ${1:-} in
  docs) docs ;;
  golden) python -m tests.support.chart golden ;;
  package)
    have helm || give_up "helm is not installed" "scripts/test.sh installs it into .cache/bin, with Go"
    cd "$here"
    helm package "$edk_root/deploy/chart" --destination "${2:-.}" ;;
  -h | --help) usage ;;
  *)
    usage >&2
    exit 2 ;;
esac
