#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# Without hiredis the build is configured without the broker redis, although OpenSSL, which it also uses, is there.
set -u
source=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
. "$source/tests/support/claims.bash"

# All modules of pkg-config but one.
mkdir modules
for folder in $(pkg-config --variable pc_path pkg-config | tr : ' '); do
    find "$folder" -maxdepth 1 -name '*.pc' ! -name hiredis.pc -exec ln -sf -t modules {} + 2>/dev/null
done
status=0
PKG_CONFIG_PATH='' PKG_CONFIG_LIBDIR=$PWD/modules cmake -G Ninja -S "$source" -B build -DFILCH_BUILD_TESTS=OFF \
    -DFILCH_BUILD_BENCH=OFF >log 2>&1 || status=$?
claim "it is configured: $(cat log)" test $status -eq 0
claim "and the broker redis is left out" grep -q 'hiredis not found: .* without the broker redis' log
[ "$failures" -eq 0 ]
