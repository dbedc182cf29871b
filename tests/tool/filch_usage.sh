#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# Wrong command lines are refused with status 2, nothing on stdout, and a sentence that lists what is known.
. "$(dirname "$0")/common.bash"

refused "bench topo"
refused "bench topo nonsense" nonsense
refused "nonsense fib nqueens skynet uts-t1 uts-t3 cilksort matmul" bench --kernels nonsense
refused "nonsense chase-lev central-mutex handpool tbb openmp gcc-parallel" bench --columns nonsense
refused "nonsense chase-lev central-mutex handpool tbb openmp gcc-parallel" bench --queue chase-lev,nonsense
refused "for chase-lev" bench --kernels fib,for --columns handpool
refused "nonsense random" bench --policy nonsense
refused "nonsense sleep yield spin" bench --idle nonsense
refused "nonsense adaptive one half" bench --take nonsense
refused "nonsense suspend help-any help-own" bench --wait nonsense
refused "take=half queue=central-mutex" bench --columns central-mutex --take half
refused "nonsense tiny quick full" bench --size nonsense
refused "nonsense table json csv" bench --format nonsense
refused "number 1024" bench --workers 0
refused "number 1024" bench --workers 1,1000000
refused "number" bench --workers two
refused "number" bench --repeat -1
refused "number 200" bench --repeat 0
refused "number 1000" bench --slow-down 0
refused "empty" bench --kernels ,
refused "nonsense" bench nonsense
refused "option" bench --nonsense

run_filch 0 --help
claim "the help names the subcommands" grep -q "filch bench" out
run_filch 0 --version
claim "the version is a number" grep -Eq '^filch [0-9]+\.[0-9]+\.[0-9]+$' out
run_filch 0 bench --help
for word in --kernels --workers --columns --queue --policy --idle --take --wait --repeat --size --format --dir cilksort Examples; do
    claim "the help of bench names $word" grep -q -- "$word" out
done
finish
