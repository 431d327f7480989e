#!/bin/sh
# A configuration file alone is served; a command of the registry is run by it; anything else is a command.
set -eu
case ${1:-} in
  *.yml | *.yaml) set -- registry serve "$@" ;;
  serve | garbage-collect | help | -*) set -- registry "$@" ;;
esac
exec "$@"
