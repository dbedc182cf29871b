#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# A program under memcheck with the installed suppressions: no error, and no block lost, indirectly or possibly either. Its
# runtime is still there when it ends, so that threads of every kind are.
. "$(dirname "$0")/common.sh"
suppressions=$(pkg-config --variable=suppressions filch)
[ -r "$suppressions" ] || { echo "filch.pc names no file of suppressions: '$suppressions'"; exit 1; }
command -v valgrind >/dev/null || { echo "skipped: valgrind is not installed"; exit 77; }

# shellcheck disable=SC2046,SC2086
$CC -O2 $warnings "$FILCH_SOURCE/tests/consumer/memory.c" $(pkg-config --cflags --libs filch) -o memory
expect "done" valgrind --quiet --error-exitcode=99 --leak-check=full --show-leak-kinds=definite,indirect,possible \
    --errors-for-leak-kinds=definite,indirect,possible --suppressions="$suppressions" ./memory "its runtime stays"
