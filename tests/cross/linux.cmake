# SPDX-License-Identifier: MIT OR Apache-2.0
# Common part of the toolchain files of all processors: Debian's cross compiler and its C library, qemu-user to run the
# programs, and liburcu, hwloc and jansson from sysroot.sh's folder.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_C_COMPILER ${CMAKE_SYSTEM_PROCESSOR}-linux-gnu-gcc)
set(cross_libc /usr/${CMAKE_SYSTEM_PROCESSOR}-linux-gnu)
set(CMAKE_CROSSCOMPILING_EMULATOR qemu-${CMAKE_SYSTEM_PROCESSOR} -L ${cross_libc})

get_filename_component(cross_sysroot ${CMAKE_CURRENT_LIST_DIR}/../../build/sysroot/${CMAKE_SYSTEM_PROCESSOR} REALPATH) # a link
if(NOT EXISTS ${cross_sysroot}/ready)
  message(FATAL_ERROR "no liburcu, hwloc and jansson for ${CMAKE_SYSTEM_PROCESSOR} yet; "
                      "run tests/cross/sysroot.sh ${CMAKE_SYSTEM_PROCESSOR}")
endif()
set(ENV{PKG_CONFIG_LIBDIR} ${cross_sysroot}/lib/pkgconfig)
set(CMAKE_FIND_ROOT_PATH ${cross_sysroot} ${cross_libc})
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)

# These cannot work there; the tests are built, and left out of the suite.
set(cross_left_out
    test_atfork test_timer_thread test_scope_misuse test_signal_context test_wait_fd # qemu-user cannot start threads in a
                # child of a process that had some
    test_deadlock test_deadlock_report test_deadlock_pools # qemu-user has a thread of its own, for which nobody knows whether it wakes
                # somebody
    test_fence test_process_ends # deny calls by a seccomp filter, which qemu-user refuses to install
    test_pitfalls) # counts the lines of a process that aborts; qemu-user adds one

# These depend on the engine alone, not on a processor: they are not even built there.
set(cross_without_processor "^test_(adaptive|aimd|batcher|bench|breaker|bucket|cache|compare|distribution|gather|letters|limiter|log|metric"
                            "|pipeline|pool_|presets|ranks|resources|results|retry|spell|statistics|trace|tune)")
string(CONCAT cross_without_processor ${cross_without_processor})

# An emulator takes ten times as long, and has the host's memory order anyway: a twentieth of the stress.
set(cross_test_environment FILCH_STRESS=0.05)
