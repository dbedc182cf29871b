#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# How Filch scales on a machine where nothing can be installed: a cluster node, a colleague's server.
#   tools/scale.sh bundle [--arch arm64] FILE.tar.gz
#                                       packs `filch bench`, the libraries that it is compared with, and all others down to the
#                                       C library, into one file. The other machine needs Linux and this processor architecture,
#                                       or the one of --arch. That bundle is cross-built, without oneTBB and clang's OpenMP
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

case "${1-} ${2-}" in
-h\ * | --help\ * | 'bundle -h' | 'bundle --help') sed -n '3,/^set -eu/{/^# \?/s///p}' tools/scale.sh; exit 0 ;;
bundle\ *) shift ;;
*) fail "unknown command '${1-}' (valid: bundle FILE.tar.gz, --help)" 2 ;;
esac
cross=
if [ "${1-}" = --arch ]; then
    [ "${2-}" = arm64 ] || fail "unknown --arch '${2-}' (valid: arm64)" 2
    cross=aarch64-linux-gnu
    shift 2
fi
[ $# = 1 ] && [[ $1 = *.tar.gz ]] || fail "bundle needs one file, NAME.tar.gz: '$*'" 2
out=$(cd "$caller" && realpath -m -- "$1")
[ -d "$(dirname "$out")" ] || fail "no folder $(dirname "$out") (make it, or name another)" 2
[ -w "$(dirname "$out")" ] || fail "cannot write to $(dirname "$out") (name a file in a folder that you may write to)" 2

build=build/scale log=build/log/scale.log program=${FILCH_SCALE_PROGRAM-} preset=release packages=$packages_of_peers
if [ "$cross" ]; then
    build=build/scale-arm64 preset=aarch64 packages=$(grep -E '^(gcc-aarch64|libc6-dev-arm64|make |bzip2 )' <<<"$packages_to_test_all")
fi
need "$packages_of_scale" || fail "a package is missing: see above"
if [ -z "$program" ]; then
    need "$packages_to_run" "$packages" || fail "a package is missing: see above"
    program=$build/tools/filch
    mkdir -p build/log
    build_program() {
        [ -z "$cross" ] || tests/cross/sysroot.sh aarch64 || return
        cmake --preset $preset -B $build -DFILCH_WERROR=OFF -DFILCH_PEERS=ON -DFILCH_BUILD_TESTS=OFF -DFILCH_BUILD_BENCH=OFF &&
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
copy_libraries() {
    local libraries
    libraries=$(ldd "$program") || fail "cannot list the libraries of $program: ldd failed"
    ! grep 'not found' <<<"$libraries" || fail "a library of $program is missing: see above"
    awk '$2 == "=>" && $3 ~ "^/" { print $3 } $1 ~ "^/" { print $1 }' <<<"$libraries" |
        while read -r library; do cp -L "$library" "$bundle/lib/"; done
}
# copy_cross_libraries FILE: those of a file that cannot run here.
copy_cross_libraries() {
    local name
    for name in $(patchelf --print-needed "$1"); do
        [ ! -e "$bundle/lib/$name" ] || continue
        cp -L "/usr/$cross/lib/$name" "$bundle/lib/" || fail "a library of $1 is missing: $name"
        copy_cross_libraries "$bundle/lib/$name"
    done
}
if [ "$cross" ]; then copy_cross_libraries "$program"; else copy_libraries; fi
loader=$(basename "$(patchelf --print-interpreter "$program")")
[ -x "$bundle/lib/$loader" ] || fail "the loader $loader is not among the libraries of $program"
"${cross:+$cross-}strip" "$bundle/bin/filch"
# An RPATH, unlike a RUNPATH, holds for the libraries' own libraries as well.
# shellcheck disable=SC2016
patchelf --set-interpreter "lib/$loader" --force-rpath --set-rpath '$ORIGIN/../lib' "$bundle/bin/filch"
tar --sort=name --owner=0 --group=0 --numeric-owner -C "$scratch" -czf "$out" filch-scale
echo "$out: $(($(stat -c %s "$out") / 1024)) KiB. On the other machine: tar -xzf $(basename "$out") && filch-scale/run"
