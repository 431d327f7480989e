#!/bin/sh
# Runs the algorithm of @@base@@ on every element of a batch.
#
# The platform's data lie in folders, one for each element, which usually is a series:
#
#     /$WORKFLOW_DIR/$BATCH_NAME/<element>/$OPERATOR_IN_DIR     what the operator before has written
#     /$WORKFLOW_DIR/$BATCH_NAME/<element>/$OPERATOR_OUT_DIR    what this one writes
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
for element in "/${WORKFLOW_DIR:?}/${BATCH_NAME:?}"/*/; do
  [ -d "$element" ] || continue
  source=$element${OPERATOR_IN_DIR:?}
  target=$element${OPERATOR_OUT_DIR:?}
  if [ -z "$(ls -A "$source" 2>/dev/null)" ]; then
    echo "error: nothing in $source" >&2
    failed=$((failed + 1))
    continue
  fi
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
