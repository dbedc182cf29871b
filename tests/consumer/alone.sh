#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# test: timeout 300 (it builds the library)
# The library alone, by the commands of docs/install.md: no package of services is needed, no part of services is built or
# installed, and the page has the right number of steps.
. "$(dirname "$0")/scratch.sh"
page=$FILCH_SOURCE/docs/install.md

# Only the two packages that the library needs.
mkdir modules
for module in liburcu-bp hwloc; do
    ln -s "$(pkg-config --variable=pcfiledir $module)/$module.pc" modules
done
export PKG_CONFIG_PATH='' PKG_CONFIG_LIBDIR=$PWD/modules
options=$(sed -nE 's/^cmake -G Ninja -B build\/lib (.*)/\1/p' "$page")
[ -n "$options" ] || { echo "docs/install.md does not configure the library alone"; exit 1; }
# shellcheck disable=SC2086 # options are words
cmake -G Ninja -S "$FILCH_SOURCE" -B build $options -DCMAKE_BUILD_TYPE=Debug -DCMAKE_C_COMPILER="$CC" >log 2>&1 || { cat log; exit 1; }
! grep -E 'Checking for module|not found' log | grep -vE "'(liburcu-bp|hwloc>=2.4)'|sys/sdt.h" || { echo "the library alone asks for more"; exit 1; }

cmake --build build -j 2 >log 2>&1 || { tail -30 log; exit 1; }
steps=$(sed -nE 's/^\[[0-9]+\/([0-9]+)\].*/\1/p' log | tail -1)
told=$(sed -nE 's/.*builds in about ([0-9]+) steps.*/\1/p' "$page")
if [ $((steps - told)) -ge 10 ] || [ $((told - steps)) -ge 10 ]; then
    echo "the library alone takes $steps steps; docs/install.md has '$told'"
    exit 1
fi
DESTDIR=$PWD/stage cmake --install build >log 2>&1 || { tail -30 log; exit 1; }
find stage ! -type d ! -path '*/share/doc/*' >installed
[ "$(wc -l <installed)" -gt 60 ] || { echo "installed only:" && cat installed; exit 1; }
! grep -E 'service|worker|jobs|broker|coprocess|deploy|systemd|/bin/|message\.h|periodic\.h|handler' installed ||
    { echo "these belong to services or programs"; exit 1; }

# Services cannot be left out of what needs them.
! cmake -G Ninja -S "$FILCH_SOURCE" -B refused -DFILCH_SERVICE=OFF -DFILCH_BUILD_TESTS=ON >log 2>&1 || { cat log; exit 1; }
grep -q 'FILCH_BUILD_TESTS needs services' log || { cat log; exit 1; }

# service VALUE: configures the library with services, as far as FILCH_SERVICE asks for.
service() {
    cmake -G Ninja -S "$FILCH_SOURCE" -B "service-$1" -DFILCH_SERVICE="$1" -DFILCH_BUILD_TOOLS=OFF -DFILCH_BUILD_TESTS=OFF \
        -DFILCH_BUILD_BENCH=OFF -DCMAKE_C_COMPILER="$CC" >log 2>&1
}
logged() { tr -s ' \n' ' ' <log | grep -q -- "$1" || { cat log; echo "not in the log: $1"; exit 1; }; }
service AUTO || { cat log; exit 1; }
logged 'hiredis not found: libfilch-service is built without the broker redis (Debian: libhiredis-dev)'
logged 'jansson not found: libfilch-service is built without the JSON envelope, .* (Debian: libjansson-dev)'
! service ON || { echo "FILCH_SERVICE=ON is content with parts"; exit 1; }
logged 'libfilch-service cannot be built as a whole, with FILCH_SERVICE=ON: jansson, .*hiredis.* not found (install, on Debian: libjansson-dev .*libhiredis-dev'
! service some || { echo "FILCH_SERVICE=some is accepted"; exit 1; }
logged "unknown FILCH_SERVICE 'some' (valid: ON, AUTO, OFF)"
