#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# The rows of docs/install.md that link archives, by their commands and by CMake: Filch's archive alone, everything static,
# and services.
. "$(dirname "$0")/common.sh"
unset LD_LIBRARY_PATH # no program here may need our shared libraries

# link WAY [OPTIONS]: runs the command of the page's row for that way, with the options in the place of -static.
link() {
    local command
    command=$(sed -nE "s/^\| $1 \| \`cc ([^\`]*)\` \|.*/\1/p" "$FILCH_SOURCE/docs/install.md")
    [ -n "$command" ] || { echo "docs/install.md has no row '$1'"; exit 1; }
    eval "\$CC ${command/-static/${2--static}}"
}

# needs PROGRAM: those of libfilch, libfilch-service and libhwloc that it loads.
needs() {
    readelf -d "$1" | sed -nE 's/.*NEEDED.*\[(libfilch(-service)?|libhwloc)\..*/\1/p'
}

# An hwloc that does not call libudev, as docs/install.md builds one: the system's, with these functions in its archive.
make_hwloc() {
    mkdir hwloc
    cat >udev.c <<'C'
void *udev_new(void);
void *udev_new(void)
{
    return 0;
}
#define NEVER_CALLED(name)                                                                                             \
    void *name(void);                                                                                                  \
    void *name(void)                                                                                                   \
    {                                                                                                                  \
        __builtin_trap();                                                                                              \
    }
NEVER_CALLED(udev_unref)
NEVER_CALLED(udev_device_new_from_subsystem_sysname)
NEVER_CALLED(udev_device_get_property_value)
NEVER_CALLED(udev_device_unref)
C
    # shellcheck disable=SC2086
    $CC -c $warnings udev.c && cp "$1" hwloc/libhwloc.a && ar q hwloc/libhwloc.a udev.o
    sed "/^Libs/d" "$(pkg-config --variable=pcfiledir hwloc)/hwloc.pc" >hwloc/hwloc.pc
    printf 'Libs: -L%s -lhwloc\nLibs.private: -lm\n' "$PWD/hwloc" >>hwloc/hwloc.pc
    PKG_CONFIG_PATH=$PWD/hwloc:$PKG_CONFIG_PATH
}

# is_static PROGRAM
is_static() {
    ! readelf -l "$1" | grep -q INTERP || { echo "$1 needs a loader"; exit 1; }
    expect 832040 "./$1"
}

page_block README.md c 'int main' fib.c
page_block README.md cmake find_package shared_lines
cp fib.c prog.c
link "Filch from its archive, liburcu and hwloc shared"
sed 's/filch::filch/filch::filch_static/' shared_lines | project archive
for program in ./prog archive/build/fib; do
    expect 832040 $program
    expect libhwloc needs $program
done

if pkg-config --exists filch-service-static; then
    page_block docs/service/README.md c 'hello %s' prog.c
    link "services from the archive, with all brokers; their clients shared"
    sed -e 's/filch::filch/filch::service_static/' -e 's/fib.c/..\/prog.c/' shared_lines | project service
    for program in ./prog service/build/fib; do
        expect "hello world" $program
        expect libhwloc needs $program
    done
fi

archive=$($CC -print-file-name=libhwloc.a)
if [ ! -f "$archive" ] || [ ! -f "$($CC -print-file-name=liburcu-bp.a)" ]; then
    echo "skipped: liburcu and hwloc have no archives here"
    exit 77
fi
make_hwloc "$archive"
page_block docs/install.md cmake CMAKE_FIND_LIBRARY_SUFFIXES page_lines
cp fib.c prog.c
link "fully static" && mv prog fixed
link "fully static" "-static-pie -fPIE" && mv prog moved
{ printf 'cmake_minimum_required(VERSION 3.16)\nproject(prog C)\nadd_executable(prog fib.c)\n' && cat page_lines; } | project all
for program in ./fixed ./moved all/build/prog; do
    expect 832040 $program
    ! readelf -l $program | grep INTERP || { echo "$program is not static"; exit 1; }
done
