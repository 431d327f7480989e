#!/bin/sh
# Runs the algorithm of @@base@@ on every case.
#
# The channels of a task are folders, mounted where processing-container.json says, with a folder for each case:
#
#     /home/kaapana/cases/<case>      what the task before has written
#     /home/kaapana/results/<case>    what this one writes
#
# The exit code tells whether all went well: anything but 0 ends the workflow.
set -eu

# The work: $1 is the input folder, $2 the output folder. Put the algorithm's own command here, for example
#     /opt/algorithm/predict --input "$1" --output "$2"
# Until then the output is the input.
process() {
  cp -R "$1/." "$2/"
}

succeeded=0
failed=0
for source in "${CASES_DIR:-/home/kaapana/cases}"/*; do
  [ -d "$source" ] || continue
  target=${RESULTS_DIR:-/home/kaapana/results}/${source##*/}
  mkdir -p "$target"
  # In a shell of its own, which ends at the first command that fails, while this one goes on.
  set +e
  (set -e; process "$source" "$target")
  code=$?
  set -e
  if [ "$code" -eq 0 ]; then
    echo "$source: done"
    succeeded=$((succeeded + 1))
  else
    echo "error: $source: failed with exit code $code" >&2
    failed=$((failed + 1))
  fi
done
echo "$succeeded done, $failed failed"
[ "$succeeded" -gt 0 ] && [ "$failed" -eq 0 ]
