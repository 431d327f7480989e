# Programs that are there already stand for the stage that compiles them. Half of the time of a first build is theirs.
# shellcheck shell=sh

choose_tools() {
  if [ -z "$given_tools" ]; then return 0; fi
  mkdir -p "$work/tools"
  # Its base is looked up even though nothing is run on it.
  printf 'GO=scratch\n' >>"$work/bases"
  for program in helm buildctl buildkitd; do
    [ -x "$given_tools/$program" ] || give_up "$given_tools/$program is not there" "give --tools all of helm, buildctl and buildkitd"
    cp "$given_tools/$program" "$work/tools/$program"
    if have strip; then logged strip "$work/tools/$program"; fi
  done
}
