#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# Kernels that are measured when they are asked for, and how small tasks may be (--metg).
. "$(dirname "$0")/../common.bash"

run_filch 0 bench --kernels heat,bfs --columns chase-lev --size tiny --repeat 1 --workers 1
claim "both are in the table" test "$(grep -Ec '^(heat\(32\) = 1024|bfs\(2\^10 vertices\)).* tasks' out)" -eq 2
"$filch" bench --help >help
claim "the help marks what is run unasked, and what is not part of all" \
    test "$(grep -Ec '^(\* fib|  heat|- uts-t1l) ' help)" -eq 3

run_filch 0 bench --metg --kernels fib,tb-fft --columns chase-lev --size tiny --repeat 1 --workers 2
claim "METG has a figure and comes first: $(head -1 out)" \
    grep -Eq '^METG\(50 %\) of tb-fft with 2 workers: work stealing \(chase-lev\) ((below|above) )?[0-9.]+ (ns|us|ms)\*?$' <(head -1 out)
claim "each grain is a block of its own, fib is none" test "$(grep -Ec '^[a-z0-9-]+\(.*\) = ' out)" -eq 7
run_filch 0 bench --metg --kernels tb-tree --columns chase-lev --size tiny --repeat 1 --workers 1 --format csv
claim "each grain has its lines in CSV" test "$(grep -c '^"\?tb-tree.*grain' out)" -eq 14
refused "grain tb-stencil" bench --metg --kernels fib
refused "kernels twice" bench --kernels all,all
finish
