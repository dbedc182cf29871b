#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# The README's program, compiled with pkg-config's flags: against the shared library, and against the archive alone.
. "$(dirname "$0")/common.sh"
answer=832040

page_block README.md c 'int main' fib.c
# shellcheck disable=SC2046,SC2086
$CC -O2 $warnings fib.c $(pkg-config --cflags --libs filch) -o fib
expect $answer ./fib

printf '#include <filch/base.h>\n#include <stdio.h>\nint main(void) { return puts(filch_version()) < 0; }\n' >version.c
# shellcheck disable=SC2046,SC2086
$CC -O2 $warnings version.c $(pkg-config --cflags --libs filch) -o version
expect "$(pkg-config --modversion filch)" ./version

readelf -d fib | grep -q 'NEEDED.*libfilch\.so\.0' || { echo "fib does not use libfilch.so.0"; exit 1; }

rm "$libdir"/libfilch.so*
# shellcheck disable=SC2046,SC2086
$CC -O2 $warnings fib.c $(pkg-config --static --cflags --libs filch) -o fib_static
expect $answer ./fib_static
