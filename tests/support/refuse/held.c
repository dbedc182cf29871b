/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <tests/support/refuse.h>
#include <tests/support/test.h>
#include <urcu-bp.h>

static holdings held_before;

holdings holdings_now(void)
{
    return (holdings){blocks_now(), __atomic_load_n(&mapped, __ATOMIC_RELAXED), process_threads(),
                      process_files()};
}

void expect_held(holdings before, unsigned kept, const char *name)
{
    process_wait_for_threads(before.threads);
    const holdings now = holdings_now();
    cr_assert(now.blocks >= before.blocks && now.blocks <= before.blocks + kept,
              "%s: %ld blocks, then %ld", name, (long)before.blocks, (long)now.blocks);
    cr_assert_eq(now.mapped, before.mapped, "%s", name);
    cr_assert_eq(now.files, before.files, "%s", name);
}

void warm_up(void)
{
    cr_assert_eq(fib_life(4, NULL, 12), 0); /* the topology and liburcu's thread stay */
    held_before = holdings_now();
}

void warm_up_timer_thread(void)
{
    warm_up();
    timer_thread_has_begun();
    held_before = holdings_now();
}

void nothing_held(void)
{
    process_wait_for_threads(held_before.threads);
    urcu_bp_barrier(); /* deques that grew leave their old buffers to it */
    expect_held(held_before, 0, "at the end");
}

void runtime_holds_nothing(filch_runtime *rt, bool first, int64_t before)
{
    OK(filch_runtime_destroy(rt));
    urcu_bp_barrier(); /* deques that grew leave their old buffers to it */
    if (!first)
        cr_assert_eq(blocks, before);
}
