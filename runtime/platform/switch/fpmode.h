/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Floating-point modes: the control bits of a thread's floating-point environment, such as the
 * rounding mode, flush-to-zero and the enabled traps.
 *
 * The mode belongs to the thread, but a worker's thread runs one task after another. Without care,
 * task A sets another rounding mode and waits, its worker begins task B, and B computes with A's
 * mode. So a task begins in the mode of its runtime and keeps its own while it waits:
 *   - A runtime captures the mode of the thread that creates it (filch_runtime_create).
 *   - A fiber's loop begins in that mode (fl_fiber_loop), on any thread.
 *   - Code of users runs within boundaries (runtime/engine/panic.h). A boundary ends in the mode in
 *     which it began, also after a panic: longjmp restores no mode. So the loop, a runner of a pool
 *     and a thief with several tasks in hand find the runtime's mode again after each task, and the
 *     outermost boundary of a fiber knows without a look in which mode it begins. Two
 *     callbacks have no boundary: the panic handler, around which fl_panic_report does the same,
 *     and a pool's report of stuck work items, after which the loop does.
 *   - A switch of fibers carries the mode (runtime/platform/switch/switch_frame.h).
 *   - A join that runs a foreign task on top of its frame changes to the runtime's mode for that
 *     (runtime/engine/help.c). A call of filch_blocking runs in its caller's mode on any
 *     thread.
 * A forked task that is not stolen is an ordinary call of the joining task, so it runs in that
 * task's mode. A look at the mode in each join would cost more than the join. FILCH_DEBUG reports
 * forks for which that makes a difference (fl_check_fork).
 *
 * Modes are compared before they are written: writing is slow on all processors. The sticky
 * exception flags are no part of the mode. They stay with the thread, or are lost when it changes
 * its mode; a task may rely on them only as long as it neither forks, joins nor waits.
 *
 * On processors without a row here the mode is left alone. */
#ifndef FL_FPMODE_H
#define FL_FPMODE_H

#include <stdint.h>

typedef uint64_t fl_fpmode;
#define FL_FPMODE_NONE UINT64_MAX /* no processor's */

#if defined(__x86_64__)

/* MXCSR without its flags; above it the control word of the x87, which long double uses. */
enum { FL_MXCSR_FLAGS = 0x3f };

static inline fl_fpmode fl_fpmode_now(void)
{
    uint16_t x87;
    __asm__ volatile("fnstcw %0" : "=m"(x87));
    return (uint64_t)x87 << 32 | (__builtin_ia32_stmxcsr() & ~(unsigned)FL_MXCSR_FLAGS);
}

/* Clears the x87's flags first: one of them would trap as soon as the mode lets it. */
static inline void fl_fpmode_write(fl_fpmode mode)
{
    uint16_t x87 = (uint16_t)(mode >> 32);
    __asm__ volatile("fnclex\n\tfldcw %0" : : "m"(x87));
    __builtin_ia32_ldmxcsr((uint32_t)mode | (__builtin_ia32_stmxcsr() & FL_MXCSR_FLAGS));
}

#elif defined(__aarch64__)

/* FPCR; the flags have a register of their own. */
static inline fl_fpmode fl_fpmode_now(void)
{
    fl_fpmode mode;
    __asm__ volatile("mrs %0, fpcr" : "=r"(mode));
    return mode;
}

static inline void fl_fpmode_write(fl_fpmode mode)
{
    __asm__ volatile("msr fpcr, %0" : : "r"(mode));
}

#elif defined(__riscv_flen)

/* The rounding mode: riscv has nothing else to set. */
static inline fl_fpmode fl_fpmode_now(void)
{
    fl_fpmode mode;
    __asm__ volatile("frrm %0" : "=r"(mode));
    return mode;
}

static inline void fl_fpmode_write(fl_fpmode mode)
{
    __asm__ volatile("fsrm %0" : : "r"(mode));
}

#else

static inline fl_fpmode fl_fpmode_now(void)
{
    return 0;
}

static inline void fl_fpmode_write(fl_fpmode mode)
{
    (void)mode;
}

#endif

/* The calling thread computes in that mode from now on. */
static inline void fl_fpmode_set(fl_fpmode mode)
{
    if (__builtin_expect(fl_fpmode_now() != mode, 0))
        fl_fpmode_write(mode);
}

#endif
