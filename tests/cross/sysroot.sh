#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# sysroot.sh PROCESSOR...: builds liburcu, hwloc and jansson for these processors in build/sysroot/PROCESSOR, static and with
# only the parts that Filch uses. Processors that are there already are skipped. They are built from the system's own
# source packages, since not every release has binary ones for every processor. apt gets folders of its own, so nothing
# changes on the system. build/sysroot is a link into ~/.cache/filch: all clones share what this script has built by the same compilers.
set -u
cd "$(dirname "$0")/../.." || exit 1
cache=${XDG_CACHE_HOME:-${HOME:-/var/tmp}/.cache}/filch
home=$cache/sysroot-$({ cat tests/cross/sysroot.sh /etc/os-release; dpkg-query -W 'gcc-*-linux-gnu'; } 2>/dev/null | sha256sum | head -c 16)
sources=$home/sources

# source package | its folder, once unpacked | what to install of it: subfolders | options of configure, or of CMake where it has none
libraries='
liburcu | userspace-rcu-* | include src   |
hwloc   | hwloc-*         | include hwloc | --disable-io --disable-libxml2 --disable-cairo --disable-libudev
jansson | jansson-*       |               | -DJANSSON_BUILD_DOCS=OFF -DJANSSON_EXAMPLES=OFF -DJANSSON_WITHOUT_TESTS=ON
'

fail() {
    echo "sysroot: $*" >&2
    exit 1
}

# The system's lists, asked for sources instead of packages: one-line style and deb822.
source_lists() {
    local list
    mkdir -p "$1" || return
    for list in /etc/apt/sources.list /etc/apt/sources.list.d/*.list; do
        [ -f "$list" ] && sed -n 's/^deb\( \|\t\)/deb-src\1/p' "$list" >"$1/${list##*/}.list"
    done
    for list in /etc/apt/sources.list.d/*.sources; do
        [ -f "$list" ] && sed 's/^Types:.*/Types: deb-src/' "$list" >"$1/${list##*/}"
    done
    return 0
}

private_apt() {
    apt-get -qq -o Dir::State="$home/apt" -o Dir::State::status=/dev/null -o Dir::Cache="$home/apt/cache" \
        -o Dir::Etc::sourcelist=/dev/null -o Dir::Etc::sourceparts="$home/apt/sources" -o APT::Sandbox::User="" "$@"
}

# The upstream half of each source package; apt checks it against the signed index.
fetch() {
    local archive
    rm -rf "$home/apt" "$sources"
    mkdir -p "$home/apt/lists/partial" "$home/apt/cache/archives/partial" "$sources"
    source_lists "$home/apt/sources" && private_apt update || return
    (
        cd "$sources" || exit
        # shellcheck disable=SC2046
        private_apt source --download-only $(grep . <<<"$libraries" | cut -d'|' -f1) || exit
        for archive in *.orig.tar.*; do
            case $archive in *.asc) ;; *) tar -xf "$archive" || exit ;; esac
        done
        touch ready
    )
}

# build PROCESSOR FOLDER PARTS OPTIONS: in a folder of its own, installed into the sysroot that is being laid.
build() {
    local processor=$1 from=$2 parts=$3 options=$4
    local at=$home/$processor.new/${from##*/}
    mkdir -p "$at" && cd "$at" || return
    if ! [ -e "$from/configure" ]; then
        # shellcheck disable=SC2086
        cmake "$from" -DCMAKE_SYSTEM_NAME=Linux -DCMAKE_C_COMPILER="$processor-linux-gnu-gcc" -DCMAKE_INSTALL_LIBDIR=lib \
            -DCMAKE_INSTALL_PREFIX="$home/$processor" -DCMAKE_POSITION_INDEPENDENT_CODE=ON $options &&
            DESTDIR="$home/$processor.new/installed" cmake --build . --target install
        return
    fi
    # shellcheck disable=SC2086
    "$from/configure" -q --host="$processor-linux-gnu" --prefix="$home/$processor" --with-pic \
        --enable-static --disable-shared $options &&
        make -s SUBDIRS="$parts" DESTDIR="$home/$processor.new/installed" install
}

lay() {
    local processor=$1 folder parts options jobs=()
    rm -rf "$home/$processor.new"
    while IFS='|' read -r _ folder parts options; do
        folder=$(compgen -G "$sources/${folder// /}") || return
        build "$processor" "$folder" "$parts" "$options" &
        jobs+=($!)
    done < <(grep . <<<"$libraries")
    for job in "${jobs[@]}"; do
        wait "$job" || return
    done
    rm -rf "${home:?}/$processor"
    mv "$home/$processor.new/installed$home/$processor" "$home/$processor" && rm -rf "$home/$processor.new" &&
        touch "$home/$processor/ready"
}

[ $# -gt 0 ] || { echo "usage: sysroot.sh PROCESSOR..." >&2; exit 2; }
mkdir -p build "$home" || fail "no folder $home"
[ -L build/sysroot ] || rm -rf build/sysroot
ln -sfn "$home" build/sysroot
exec {lock}>"$cache/sysroot.lock"
flock "$lock"
find "$cache" -maxdepth 1 -name 'sysroot-*' ! -path "$home" -exec rm -rf {} +
for processor; do
    [ -e "$home/$processor/ready" ] && continue
    command -v "$processor-linux-gnu-gcc" >/dev/null || fail "no $processor-linux-gnu-gcc"
    [ -e "$sources/ready" ] || fetch || fail "no sources of liburcu, hwloc and jansson from apt"
    lay "$processor" || fail "building for $processor failed"
done
