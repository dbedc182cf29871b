#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# test: long
# Columns that cannot differ are not named: with two workers there is one victim, so that all of these policies choose it.
# tests/unit/tools/test_pair.c counts how often chance names one; here the measurement itself must not prefer a place in the turn.
. "$(dirname "$0")/../common.bash"
run_filch 0 bench --kernels fib,nqueens,skynet,cilksort,fft,lu,pi,reduce --columns chase-lev --policy random,round-robin \
    --workers 2 --size tiny --repeat 8
pairs=$(grep -c '^  chase-lev:random vs chase-lev:round-robin: ' out)
named=$(grep -Ec '^  chase-lev:random vs chase-lev:round-robin: [0-9.]+x (faster|slower)' out)
claim "each kernel has its pair: $pairs" test "$pairs" -eq 8
claim "at most one of $pairs is named, not $named: $(head -3 out)" test "$named" -le 1
finish
