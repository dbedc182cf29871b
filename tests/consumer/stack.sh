#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# An external task with a frame larger than its stack, the guard and the fork stack together. Compiled with the flags
# that the installed descriptions give, it dies with a message that names the task, and does not write into another
# task's stack.
. "$(dirname "$0")/common.sh"

cat >frame.c <<'C'
#include <filch/filch.h>

static void has_a_large_frame(filch_self self, void *unused)
{
    (void)self, (void)unused;
    volatile char frame[3 << 20];
    frame[0] = 1;
    (void)frame[0];
}

int main(void)
{
    filch_runtime *rt;
    if (filch_runtime_create(&rt, NULL) || filch_go(rt, has_a_large_frame, NULL))
        return 2;
    return filch_runtime_destroy(rt);
}
C

# ends_by_name PROGRAM
ends_by_name() {
    local said
    said=$( (ulimit -c 0 && "./$1") 2>&1) && { echo "$1 ends as if nothing had happened"; exit 1; }
    grep -q 'stack overflow on worker .*has_a_large_frame' <<<"$said" || { echo "$1 says: $said"; exit 1; }
}

# shellcheck disable=SC2046,SC2086
$CC -O2 $warnings frame.c $(pkg-config --cflags --libs filch) -o frame
case $(uname -m) in x86_64) ;; *) exit 0 ;; esac
ends_by_name frame
cat >CMakeLists.txt <<'CMAKE'
cmake_minimum_required(VERSION 3.22)
project(frame LANGUAGES C)
find_package(filch REQUIRED)
add_executable(frame_by_cmake frame.c)
target_link_libraries(frame_by_cmake filch::filch)
CMAKE
cmake -S . -B build -DCMAKE_BUILD_TYPE=Release -DCMAKE_PREFIX_PATH="$prefix" >/dev/null && cmake --build build >/dev/null
cp build/frame_by_cmake . && ends_by_name frame_by_cmake
