#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# From a fresh Debian or Ubuntu machine to the main job: installs what the library and its benchmark need (and only what
# is missing), builds them, runs `filch bench`. Arguments go to `filch bench`: ./tools/run.sh --help
# ./tools/run.sh --peers installs other libraries and compilers as well, and sets the same kernels on them beside
# Filch's; what follows it are arguments again.
set -eu
cd "$(dirname "$0")/.."
. tools/packages.sh
if [ "${1-}" = --peers ]; then
    shift
    need "$packages_to_run" "$packages_of_peers"
    [ $# -gt 0 ] || set -- --kernels fib,nqueens,uts-t1,skynet,cilksort,matmul,for,sort --size quick --repeat 7 \
        --columns chase-lev,handpool,tbb,openmp,openmp-clang,gcc-parallel,async
else
    need "$packages_to_run"
fi

build=build/run
mkdir -p build/log
[ -x $build/tools/filch ] || echo "building (log: build/log/run.log)"
{
    cmake --preset release -B $build -DFILCH_WERROR=OFF -DFILCH_BUILD_TESTS=OFF -DFILCH_BUILD_BENCH=OFF &&
        cmake --build $build
} >build/log/run.log 2>&1 || { tail -n 30 build/log/run.log >&2; echo "the build failed" >&2; exit 1; }
exec $build/tools/filch bench "$@"
