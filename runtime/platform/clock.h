/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The clocks: one that is right, and one that is cheap. Under FILCH_VIRTUAL all of them are the
 * virtual clock (runtime/platform/virtual/virtual.h). */
#ifndef FL_CLOCK_H
#define FL_CLOCK_H

#include <runtime/platform/virtual/virtual.h>

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

/* Nanoseconds of the monotonic clock, the one that futex timeouts are measured by. */
static inline int64_t fl_now(void)
{
    if (fl_virtual())
        return fl_virtual_now();
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

/* Nanoseconds since 1970 began, UTC. May jump in either direction. */
static inline int64_t fl_unix_now(void)
{
    if (fl_virtual())
        return fl_virtual_now();
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

/* fl_now, in steps of up to 10 ms and never later, read in a third of the time. */
static inline int64_t fl_now_coarse(void)
{
    if (fl_virtual())
        return fl_virtual_now();
#ifdef CLOCK_MONOTONIC_COARSE
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
    return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
#else
    return fl_now();
#endif
}

/* Nanoseconds of CPU time that the calling thread has used. */
static inline int64_t fl_thread_cpu(void)
{
    if (fl_virtual())
        return fl_virtual_now();
    struct timespec used;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
    return used.tv_sec * INT64_C(1000000000) + used.tv_nsec;
}

/* Is this time over? Most times that are asked about are far away, which the coarse clock shows.
 * The exact clock decides close to `when`. */
static inline bool fl_is_past(int64_t when)
{
    enum { LATE = 100000000 };
    return when - LATE <= fl_now_coarse() && when <= fl_now();
}

/* A clock that costs a few nanoseconds, for decisions that may be wrong by a factor of two: not in
 * step between processors, of a rate that is only about FL_TICKS_PER_US. */
#if defined(__x86_64__)
#define FL_TICKS_PER_US UINT64_C(3000)
static inline uint64_t fl_ticks(void)
{
    if (fl_virtual())
        return (uint64_t)fl_virtual_now() * FL_TICKS_PER_US / 1000;
    return __builtin_ia32_rdtsc();
}
#else
#define FL_TICKS_PER_US UINT64_C(1000)
static inline uint64_t fl_ticks(void)
{
    return (uint64_t)fl_now();
}
#endif

#endif
