/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Floating-point modes as a program sees them (a rounding mode, and on some processors whether
 * denormal numbers count as zero), and tasks that look in which they begin. Included by files that
 * define FILCH_DEBUG. */
#ifndef TESTS_FPMODE_H
#define TESTS_FPMODE_H

#include <fenv.h>
#include <tests/support/test.h>

#include <float.h>
#include <stdbool.h>
#include <stdint.h>
#include <tests/support/tasks.h>

#if defined(__x86_64__)
enum { FPMODES = 8 };
static inline void fpmode_flush(bool flush)
{
    enum { FTZ_AND_DAZ = 0x8040 };
    unsigned mxcsr = __builtin_ia32_stmxcsr() & ~(unsigned)FTZ_AND_DAZ;
    __builtin_ia32_ldmxcsr(flush ? mxcsr | FTZ_AND_DAZ : mxcsr);
}
#elif defined(__aarch64__)
enum { FPMODES = 8 };
static inline void fpmode_flush(bool flush)
{
    const uint64_t FZ = (uint64_t)1 << 24;
    uint64_t fpcr;
    __asm__ volatile("mrs %0, fpcr" : "=r"(fpcr));
    fpcr = flush ? fpcr | FZ : fpcr & ~FZ;
    __asm__ volatile("msr fpcr, %0" : : "r"(fpcr));
}
#else
enum { FPMODES = 4 };
static inline void fpmode_flush(bool flush)
{
}
#endif

static const int fpmode_rounding[] = {FE_TONEAREST, FE_UPWARD, FE_DOWNWARD, FE_TOWARDZERO};

/* i: 0, as programs begin, .. FPMODES - 1. */
static inline void fpmode_set(unsigned i)
{
    fesetround(fpmode_rounding[i % 4]);
    fpmode_flush(i / 4);
}

/* Says fegetround what quotients show? That a mode is in force is more than that it can be read. */
static inline bool fpmode_rounds(int mode)
{
    volatile double one = 1.0, minus = -1.0, three = 3.0;
    double up = one / three - 0x1.5555555555555p-2, down = minus / three + 0x1.5555555555555p-2;
    return (up > 0) == (mode == FE_UPWARD) && (down < 0) == (mode == FE_DOWNWARD);
}

/* The number of the calling thread's mode; FPMODES: it is none of these. */
static inline unsigned fpmode_here(void)
{
    volatile double denormal = DBL_MIN / 2, same = 1.0;
    unsigned flush = denormal * same == 0;
    for (unsigned i = 0; i < 4; i++)
        if (fpmode_rounding[i] == fegetround())
            return fpmode_rounds(fpmode_rounding[i]) ? 4 * flush + i : FPMODES;
    return FPMODES;
}

/* ---- Tasks that look ---- */

enum { OTHER = FPMODES - 3, THIRD = 1 };
static unsigned runtimes_mode;
static filch_u32 wrong;
static signpost seen;

/* Creates it in runtimes_mode, and returns in another. */
static inline filch_runtime *fpmode_runtime(filch_config config)
{
    filch_runtime *rt = NULL;
    config.max_fibers = 1000;
    fpmode_set(runtimes_mode);
    cr_assert_eq(filch_runtime_create(&rt, &config), 0, "%s", filch_error());
    fpmode_set(runtimes_mode ? 0 : THIRD);
    return rt;
}

/* In each task: it has begun in the runtime's mode; it ends in another. */
static inline void look_and_leak(void)
{
    if (fpmode_here() != runtimes_mode)
        filch_u32_add(&wrong, 1, FILCH_RELAXED);
    fpmode_set(runtimes_mode == OTHER ? THIRD : OTHER);
    signpost_raise(&seen);
}

static inline void nobody_was_wrong(const char *what, unsigned workers)
{
    uint32_t count = filch_u32_load(&wrong, FILCH_RELAXED);
    cr_assert_eq(count, 0, "%s, %u workers: %u tasks began in a wrong mode", what, workers, count);
}

#endif
