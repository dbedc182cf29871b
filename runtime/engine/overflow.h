/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Names the task whose C stack has overflowed, instead of a bare segmentation fault. The handler
 * runs on a signal stack of the worker. It claims addresses in the guard of the fiber that the
 * worker runs. It also claims faults of code whose stack pointer lies below the fiber's stack, but
 * not on the thread's signal stack. It passes everything else to the handler that was there before.
 * Overflows that no guard stopped are found when the fiber suspends with its stack pointer below
 * its stack (fl_overflow_check), and, where the fiber has no guard, when it is put back. */
#ifndef FL_OVERFLOW_H
#define FL_OVERFLOW_H

#include <runtime/engine/fiber.h>

struct fl_worker;

/* Once per process; negative errno through fl_fail. */
int fl_overflow_install(void);

/* Called first and last on a worker's thread: set its signal stack, and restore the earlier one.
 * `room` belongs to the thread in between. */
size_t fl_overflow_stack_size(void);
void fl_overflow_enter(void *room);
void fl_overflow_exit(void);

/* Ends the process: the C stack of `fiber`, which `worker` runs, has overflowed.
 * Async-signal-safe. */
FILCH_NORETURN void fl_overflow_die(const struct fl_worker *worker, const fl_fiber *fiber);

/* Is the stack pointer below the fiber's stack, and near enough to have come from there? A task may
 * run on a stack that it has made itself. A thread's own stack has no low end here. */
static inline bool fl_overflow_below(const fl_fiber *fiber, uintptr_t sp)
{
    return (uintptr_t)fiber->shadow.low - sp - 1 < (uintptr_t)1 << 30;
}

/* `left` was just switched from. */
static inline void fl_overflow_check(const struct fl_worker *worker, const fl_fiber *left)
{
#ifndef FL_ASAN /* a context may lie on a fake stack */
    if (FILCH_UNLIKELY(fl_overflow_below(left, (uintptr_t)left->context.sp)))
        fl_overflow_die(worker, left);
#else
    (void)worker, (void)left;
#endif
}

#endif
