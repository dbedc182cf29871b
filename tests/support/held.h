/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The heap before a test and after it, where something was refused (tests/support/refuse.h) in
 * between. */
#ifndef SUPPORT_HELD_H
#define SUPPORT_HELD_H

#include <tests/support/fib.h>
#include <tests/support/refuse.h>
#include <tests/support/test.h>
#include <tests/support/timer_thread.h>
#include <urcu-bp.h>

static int64_t blocks_before;

/* For TestSuite: per-process state is there. */
static inline void warm_up(void)
{
    cr_assert_eq(fib_life(2, NULL, 12), 0);
    blocks_before = blocks;
}

/* The timer thread, too. */
static inline void warm_up_timer_thread(void)
{
    warm_up();
    timer_thread_has_begun();
    blocks_before = blocks;
}

static inline void nothing_held(void)
{
    cr_assert_eq(blocks, blocks_before);
}

/* Ends the runtime. `first`: of the process, which leaves the topology behind. */
static inline void runtime_holds_nothing(filch_runtime *rt, bool first, int64_t before)
{
    OK(filch_runtime_destroy(rt));
    urcu_bp_barrier(); /* deques that grew leave their old buffers to it */
    if (!first)
        cr_assert_eq(blocks, before);
}

#endif
