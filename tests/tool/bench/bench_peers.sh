#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# test: long
# Peers side by side in one run, each on its own runtime; a thread per task only where tasks are few.
. "$(dirname "$0")/../common.bash"
"$filch" bench --help >help
grep -q 'not built' help && skip "a peer is not built: $(grep 'not built' help)"

run_filch 0 bench --kernels fib,cilksort,sort --size tiny --repeat 1 --workers 2 \
    --columns chase-lev,tbb,openmp,openmp-on-filch,openmp-clang,gcc-parallel,async
claim "clang's OpenMP is compared with code of clang" grep -q '^  chase-lev-clang vs openmp-clang:' out
claim "and nothing else with either" test "$(grep -c 'clang.* vs \| vs .*clang' out)" -eq 2
for peer in tbb openmp openmp-on-filch async; do
    claim "fib runs on $peer" grep -q "chase-lev vs $peer:" out
done
claim "sort runs on gcc-parallel" grep -q "chase-lev vs gcc-parallel:" out

run_filch 0 bench --peers --kernels fib,for --size tiny --repeat 1 --workers 2 --report peers.html
claim "--peers has a column for each, also on fork/join programs" \
    test "$(sed -n '/^fib(/,/^$/p' out | grep -Ec '\((handpool|tbb|openmp|openmp-on-filch|openmp-clang|async|chase-lev-clang)\) ')" -eq 7
claim "and combines with --report" grep -q '</html>' peers.html

# Which library a column calls: both OpenMPs are in the program, and have names in common.
LD_DEBUG=bindings "$filch" bench --kernels fib --size tiny --repeat 1 --workers 2 --columns openmp,openmp-clang >out 2>bindings
claim "openmp is gcc's" grep -q 'libgomp.* symbol `GOMP_parallel' bindings
claim "openmp is not clang's" test "$(grep 'symbol `GOMP_parallel' bindings | grep -vc libgomp)" -eq 0
claim "openmp-clang is clang's" grep -q 'libomp.* symbol `__kmpc_fork_call' bindings

# openmp-on-filch is the same program with another library, on all kernels that openmp has.
LD_DEBUG=bindings "$filch" bench --kernels fib --size tiny --repeat 1 --workers 2 --columns openmp-on-filch >out 2>bindings
claim "openmp-on-filch is Filch's" grep -q 'filch/libgomp.* symbol `GOMP_task' bindings
run_filch 0 bench --kernels nqueens,uts-t1,matmul,mandelbrot,scan,tb-stencil --size tiny --repeat 1 --workers 1,2 --columns openmp,openmp-on-filch
claim "each kernel has a row for each number of workers" test "$(grep -c '^  OpenMP on Filch (openmp-on-filch) ' out)" -eq 12
run_filch 0 bench --metg --kernels tb-stencil --size tiny --repeat 1 --workers 2 --columns openmp-on-filch
claim "grains reach the other process" grep -q '^METG' out
folder=$(cd "$(dirname "$filch")/../lib/filch" && pwd)
LD_LIBRARY_PATH=$folder run_filch 1 bench --kernels fib --size tiny --repeat 1 --workers 2 --columns openmp
claim "openmp does not run on Filch's library by mistake: $(cat err)" grep -q "openmp, 2 workers: it got $folder/libgomp.so.1; unset LD_LIBRARY_PATH" err
mkdir -p alone/tools
cp "$filch" alone/tools/
claim "the column says that the library is absent" test "$(alone/tools/filch bench --columns openmp-on-filch 2>&1 | grep -c "openmp-on-filch needs Filch's libgomp.so.1")" -eq 1
alone/tools/filch bench --kernels for --size tiny --repeat 1 --workers 2 >out 2>err
claim "and is left out where nobody asked for it: $(cat err)" test "$?,$(grep -c on-filch out)" = 0,0

run_filch 0 bench --kernels fib,matmul --size quick --repeat 1 --workers 1 --columns chase-lev,async
claim "a million threads are not started" test "$(grep -c '^  thread per task (async)   ' out)" -eq 1
run_filch 0 bench --kernels fib --size quick --repeat 1 --workers 1 --columns async
claim "that nothing else is left to measure is told: $(cat err)" grep -Eq 'fib\(.*serial.*async.*20000' err
refused "none chase-lev" bench --kernels bfs --columns async
finish
