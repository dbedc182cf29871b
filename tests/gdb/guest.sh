#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# gdb unwinds from a stolen task through the guest on whose stack it runs, to main.
# usage: guest.sh PROGRAM
set -u
program=$1
source "$(dirname "$0")/../support/claims.bash"
command -v gdb >/dev/null || skip "gdb is not installed"
said=$(LC_ALL=C timeout 60 gdb -nx -q -batch -iex 'set debuginfod enabled off' \
    -ex 'break on_top_of_the_guest' -ex run -ex backtrace -ex kill "$program" 2>&1)
frames='on_top_of_the_guest is_stolen filch_help_until main'
for frame in $frames; do
    claim "the stack shows $frame" grep -Eq "^#[0-9]+ .*\\b$frame\\b" <<<"$said"
done
claim "in this order" test "$(grep -Eo "^#[0-9]+ .*\\b(on_top_of_the_guest|filch_help_until|main) \(" <<<"$said" |
    grep -Eo 'on_top_of_the_guest|filch_help_until|main' | tr '\n' ' ')" = 'on_top_of_the_guest filch_help_until main '
[ $failures = 0 ] || echo "$said"
exit $((failures > 0))
