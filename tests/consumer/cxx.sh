#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# A C++17 program: tasks with and without a result, in a namespace, run from main.
. "$(dirname "$0")/common.sh"
# shellcheck disable=SC2046,SC2086
$CXX -std=c++17 -O2 $warnings "$FILCH_SOURCE/tests/consumer/app.cc" $(pkg-config --cflags --libs filch) -o app
expect "sum 500000500000, longest 6" ./app
