#!/bin/sh
# Makes up $EXAMPLES cases of one text file each: /home/kaapana/cases/example-<n>/text.txt.
set -eu

number=0
while [ "$number" -lt "${EXAMPLES:-2}" ]; do
  folder=${CASES_DIR:-/home/kaapana/cases}/example-$number
  mkdir -p "$folder"
  echo "made-up case $number" >"$folder/text.txt"
  echo "$folder/text.txt"
  number=$((number + 1))
done
