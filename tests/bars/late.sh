#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# A task that sleeps for 1 ms is late by no more than 1.5 times what a thread in nanosleep is, and 100 us; at the median.
# usage: late.sh BARS-SYNC
for _ in 1 2 3; do
    "$1" timers --only late --repeat 1 && exit 0
done
exit 1
