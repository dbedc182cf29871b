#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# C++ exceptions stay within tasks; one that leaves a task ends the process with a message that names the task and the
# exception.
. "$(dirname "$0")/common.sh"
# shellcheck disable=SC2046,SC2086
$CXX -std=c++17 -O2 $warnings "$FILCH_SOURCE/tests/consumer/exceptions.cc" $(pkg-config --cflags --libs filch) -o exceptions
./exceptions none || { echo "exceptions within tasks do harm"; exit 1; }
for way in run:checked go:detached try:tries; do
    said=$( (ulimit -c 0; ./exceptions "${way%:*}") 2>&1) && { echo "$way: it goes on: $said"; exit 1; }
    grep -q "^filch: an exception left task ${way#*:}; catch it in the task" <<<"$said" || { echo "$way: said: $said"; exit 1; }
    grep -q 'more than three' <<<"$said" || { echo "$way: the thrown exception is not named: $said"; exit 1; }
done
