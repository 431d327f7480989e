# Programs that are there already stand for the stage that compiles them. Half of the time of a first build is theirs.
# shellcheck shell=sh

choose_tools() {
  if [ -z "$given_tools" ]; then return 0; fi
  mkdir -p "$work/tools"
  for program in helm buildctl buildkitd; do
    [ -x "$given_tools/$program" ] || give_up "$given_tools/$program is not there" "give --tools all of helm, buildctl and buildkitd"
    cp "$given_tools/$program" "$work/tools/$program"
    if have strip; then logged strip "$work/tools/$program"; fi
  done
}
