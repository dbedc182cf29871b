/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The clocks: one that is right, and one that is cheap. */
#ifndef FL_CLOCK_H
#define FL_CLOCK_H

#include <stdint.h>
#include <time.h>

/* Nanoseconds of the monotonic clock, the one that futex timeouts are measured by. */
static inline int64_t fl_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

/* A clock that costs a few nanoseconds, for decisions that may be wrong by a factor of two: not in
 * step between processors, of a rate that is only about FL_TICKS_PER_US. */
#if defined(__x86_64__)
#define FL_TICKS_PER_US UINT64_C(3000)
static inline uint64_t fl_ticks(void)
{
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
