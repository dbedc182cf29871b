#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# Builds Filch's programs for the public table https://github.com/tzcnt/runtime-benchmarks in build/ of the working directory,
# which is the folder of a runtime there:
#   mkdir cpp/filch && cp -s THIS_TREE/bench/runtime_benchmarks/build_all.sh cpp/filch/   THIS_TREE: an absolute path
#   then add "filch" to `runtimes` and `runtime_links` in build_and_bench_all.py
# The library is built as users get it, the programs with the table's options. CC chooses their compiler (default: clang, else cc).
set -eu
tree=$(dirname "$(dirname "$(dirname "$(readlink -f "$0")")")")
library=$tree/build/runtime-benchmarks
cc=${CC:-$(command -v clang || echo cc)}
cmake --preset release -S "$tree" -B "$library" -DFILCH_BUILD_TESTS=OFF -DFILCH_BUILD_BENCH=OFF
cmake --build "$library" --target filch_static
mkdir -p build
# shellcheck disable=SC2046
"$cc" -O3 -DNDEBUG -march=native -falign-loops=64 -D_GNU_SOURCE -I"$tree/include" "$tree/bench/runtime_benchmarks/main.c" -o build/fib \
    "$library/runtime/libfilch.a" $(pkg-config --libs liburcu-bp hwloc) -pthread -lm
for program in matmul nqueens skynet; do
    ln -sf fib build/$program
done
