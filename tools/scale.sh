#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# How Filch scales on a machine where nothing can be installed: a cluster node, a colleague's server.
#   tools/scale.sh bundle FILE.tar.gz   packs `filch bench`, the libraries that it is compared with, and all others down to
#                                       the C library, into one file; the other machine needs Linux and this processor architecture
# There, after unpacking it:
#   filch-scale/run [RESULT.json]       measures with 1, 2, 4, ... workers; --help prints the options
# Installs the packages that it needs. FILCH_SCALE_PROGRAM names a `filch` that is built already.
set -eu -o pipefail
caller=$PWD
cd "$(dirname "$0")/.."
. tools/packages.sh

fail() {
    echo "scale.sh: $1" >&2
    exit "${2-1}"
}

case ${1-} in
-h | --help) sed -n '3,/^set -eu/{/^# \?/s///p}' tools/scale.sh; exit 0 ;;
bundle) ;;
*) fail "unknown command '${1-}' (valid: bundle FILE.tar.gz, --help)" 2 ;;
esac
[ $# = 2 ] && [[ $2 = *.tar.gz ]] || fail "bundle needs one file, NAME.tar.gz: '${*:2}'" 2
out=$(cd "$caller" && realpath -m -- "$2")
[ -d "$(dirname "$out")" ] || fail "no folder $(dirname "$out") (make it, or name another)" 2

build=build/scale log=build/log/scale.log program=${FILCH_SCALE_PROGRAM-}
need "$packages_of_scale" || fail "a package is missing: see above"
if [ -z "$program" ]; then
    need "$packages_to_run" "$packages_of_peers" || fail "a package is missing: see above"
    program=$build/tools/filch
    mkdir -p build/log
    build_program() {
        cmake --preset release -B $build -DFILCH_WERROR=OFF -DFILCH_PEERS=ON -DFILCH_BUILD_TESTS=OFF -DFILCH_BUILD_BENCH=OFF &&
            cmake --build $build --target filch_command
    }
    alive $log build_program || { tail -n 30 $log >&2; fail "the build failed"; }
fi

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
bundle=$scratch/filch-scale
mkdir -p "$bundle/bin" "$bundle/lib"
cp "$program" "$bundle/bin/filch"
cp tools/scale/run "$bundle/run"
cp LICENSE-MIT LICENSE-APACHE "$bundle/"

# Each library that the program loads, and the loader. The kernel looks for the loader from the working directory, so `run`
# works in the bundle's folder; /proc/self/exe, with which `filch bench` starts its children, stays the program.
libraries=$(ldd "$program") || fail "cannot list the libraries of $program: ldd failed"
! grep 'not found' <<<"$libraries" || fail "a library of $program is missing: see above"
awk '$2 == "=>" && $3 ~ "^/" { print $3 } $1 ~ "^/" { print $1 }' <<<"$libraries" |
    while read -r library; do cp -L "$library" "$bundle/lib/"; done
loader=$(basename "$(patchelf --print-interpreter "$program")")
[ -x "$bundle/lib/$loader" ] || fail "the loader $loader is not among the libraries of $program"
strip "$bundle/bin/filch"
# An RPATH, unlike a RUNPATH, holds for the libraries' own libraries as well.
# shellcheck disable=SC2016
patchelf --set-interpreter "lib/$loader" --force-rpath --set-rpath '$ORIGIN/../lib' "$bundle/bin/filch"
tar --sort=name --owner=0 --group=0 --numeric-owner -C "$scratch" -czf "$out" filch-scale
echo "$out: $(($(stat -c %s "$out") / 1024)) KiB. On the other machine: tar -xzf $(basename "$out") && filch-scale/run"
