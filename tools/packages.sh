# SPDX-License-Identifier: MIT OR Apache-2.0
# shellcheck shell=bash disable=SC2034
# The Debian and Ubuntu packages that building and testing need: the one place that names them. Sourced by run.sh and
# test.sh. A package is looked for by what it brings, so that other systems and hand-made installations count as well.

# package | what it brings: command NAME, module PKG-CONFIG-NAME, header COMPILER HEADER, flags COMPILER FLAGS
packages_to_run='
gcc              | command gcc
libc6-dev        | header gcc stdio.h
cmake            | command cmake
ninja-build      | command ninja
pkg-config       | command pkg-config
liburcu-dev      | module liburcu-bp
libhwloc-dev     | module hwloc
libssl-dev       | module libcrypto
libjansson-dev   | module jansson
'
packages_of_peers='
g++              | command g++
libtbb-dev       | module tbb
clang-14         | command clang++-14
libomp-14-dev    | header clang-14 omp.h
'
packages_to_test='
libcriterion-dev        | module criterion
libbenchmark-dev        | header g++ benchmark/benchmark.h
libclang-rt-14-dev      | flags clang-14 -fsanitize=thread
clang-format-14         | command clang-format-14
libseccomp-dev          | module libseccomp
libpng-dev              | module libpng
libsqlite3-dev          | module sqlite3
libmicrohttpd-dev       | module libmicrohttpd
libcurl4-openssl-dev    | module libcurl
binutils                | command readelf
python3                 | command python3
gcc-aarch64-linux-gnu   | command aarch64-linux-gnu-gcc
libc6-dev-arm64-cross   | header aarch64-linux-gnu-gcc stdio.h
gcc-riscv64-linux-gnu   | command riscv64-linux-gnu-gcc
libc6-dev-riscv64-cross | header riscv64-linux-gnu-gcc stdio.h
patch                   | command patch
make                    | command make
bzip2                   | command bzip2
'
# Not for the quick mode.
packages_to_test_all='
valgrind                | command valgrind
qemu-user               | command qemu-riscv64
chromium                | command chromium
'

# package | a program in it. The program is taken out, into build/tools, and the package is not installed: that would
# start its service.
programs_to_test='
prometheus | usr/bin/promtool
'
PATH=$PATH:$PWD/build/tools

# brings KIND ARGUMENTS...: is it there?
brings() {
    case $1 in
    command) command -v "$2" >/dev/null ;;
    program) "$2" --version >/dev/null 2>&1 ;;
    module) pkg-config --exists "$2" 2>/dev/null ;;
    header) echo "#include <$3>" | "$2" -x "$(language_of "$2")" -fsyntax-only - 2>/dev/null ;;
    flags) echo 'int main(void) { return 0; }' | "$2" "$3" -x c - -o /dev/null 2>/dev/null ;;
    esac
}

language_of() {
    case $1 in *++*) echo c++ ;; *) echo c ;; esac
}

# missing TABLE...: the packages whose contents are not there.
missing() {
    local package what
    printf '%s\n' "$@" | while IFS='|' read -r package what; do
        # shellcheck disable=SC2086
        [ -z "$what" ] || brings $what || printf '%s ' $package
    done
}

# need TABLE...: installs what is missing, by apt-get; tells what it does; fails when something is still missing.
need() {
    local absent root='' log=build/log/packages.log
    absent=$(missing "$@")
    [ -n "$absent" ] || return 0
    [ "$(id -u)" = 0 ] || root=sudo
    if command -v apt-get >/dev/null && { [ -z "$root" ] || command -v sudo >/dev/null; }; then
        echo "installing: $absent(log: $log)"
        mkdir -p build/log
        # shellcheck disable=SC2086
        {
            $root apt-get update -qq
            $root env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends $absent
        } >$log 2>&1 || tail -n 5 $log >&2
        absent=$(missing "$@")
    fi
    [ -n "$absent" ] || return 0
    echo "missing, and not installed here: $absent" >&2
    echo "as root: apt-get install $absent    (on other systems: the packages that bring the same)" >&2
    return 1
}

# take_out PACKAGE PROGRAM: into build/tools, as whoever calls.
take_out() {
    local room taken=1
    room=$(mktemp -d build/tools.XXXXXX) || return 1
    (cd "$room" && apt-get download -qq "$1" && dpkg -x ./*.deb .) && mv "$room/$2" build/tools/ && taken=0
    rm -rf "$room"
    return $taken
}

# fetch TABLE: takes out the programs that are not there; tells what it does; fails when one is still missing.
fetch() {
    local package program name log=$PWD/build/log/programs.log failed=0 root=''
    [ "$(id -u)" = 0 ] || root=sudo
    mkdir -p build/log build/tools
    while IFS=' |' read -r package program; do
        name=${program##*/}
        [ -n "$name" ] || continue
        brings program "$name" && continue
        echo "fetching: $name of the package $package (log: $log)"
        take_out "$package" "$program" >"$log" 2>&1 ||
            { $root apt-get update -qq && take_out "$package" "$program"; } >>"$log" 2>&1
        brings program "$name" && continue
        echo "$name: not found, and not to be had from the package $package; tests that need it are skipped." \
            "Put it on PATH." >&2
        failed=1
    done <<<"$1"
    return $failed
}
