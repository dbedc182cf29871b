#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# A program of two files whose tasks are declared in a header and defined in one of them, in C and in C++.
. "$(dirname "$0")/common.sh"
files="$FILCH_SOURCE/tests/consumer/tree.c $FILCH_SOURCE/tests/consumer/tree_main.c"
# shellcheck disable=SC2046,SC2086
$CC -O2 $warnings $files $(pkg-config --cflags --libs filch) -o tree
expect "32767 nodes, sum 536854528" ./tree
# shellcheck disable=SC2046,SC2086
$CXX -O2 $warnings -x c++ -std=c++17 $files -x none $(pkg-config --cflags --libs filch) -o tree_cxx
expect "32767 nodes, sum 536854528" ./tree_cxx
