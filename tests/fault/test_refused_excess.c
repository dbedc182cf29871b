/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Forks beyond a full fork stack without memory: they continue until the reserve is used up. With
 * memory, nothing of it stays behind. */
#include <criterion/criterion.h>
#include <errno.h>
#include <filch/filch.h>
#include <sched/forkstack.h>
#include <tests/support/refuse.h>
#include <tests/support/rest.h>
#include <urcu-bp.h>

FILCH_TASK(long, leaf, (long, n))
{
    return 3 * n + 1;
}

FILCH_TASK(long, forks, (long, count), (long, refused_from))
{
    long wrong = 0;
    for (long i = 0; i < count; i++) {
        if (i == refused_from)
            refuse(MEMORY, 0, true);
        FILCH_FORK(leaf, i);
    }
    refuse_no_more(MEMORY);
    for (long i = count; i--;) {
        FILCH_JOIN(long one, leaf);
        wrong += one != 3 * i + 1;
    }
    return wrong;
}

Test(refused_excess, forks_that_cannot_be_put_aside_fill_the_reserve)
{
    for (unsigned workers = 1; workers <= 2; workers++) {
        filch_runtime *rt;
        rt = runtime_at_rest(workers);
        cr_assert_eq(FILCH_RUN(rt, forks, FL_SLOTS - 1, FL_SLOTS - FL_RESERVE + 1), 0);
        cr_assert_eq(FILCH_RUN(rt, forks, 2 * FL_SLOTS, -1), 0);
        cr_assert_eq(filch_runtime_destroy(rt), 0);
    }
}

enum { FITS = FL_SLOTS - FL_RESERVE };

FILCH_VOID_TASK(fails)
{
    FILCH_PANIC(-EXDEV, "a message");
}

/* Those beyond its stack have failed when it does. */
static void forks_failures_and_fails(filch_self self, void *unused)
{
    (void)unused;
    for (long i = 0; i < FITS; i++)
        FILCH_FORK(leaf, i);
    for (long i = 0; i < 2 * FL_RESERVE; i++)
        FILCH_FORK(fails);
    FILCH_PANIC(-EPROTO, "with unjoined forks");
}

FILCH_TASK(int, tries)
{
    return filch_try(self, forks_failures_and_fails, NULL, NULL);
}

/* Returns the number of blocks that are held after such a runtime. */
static int64_t blocks_after_excess(void)
{
    filch_runtime *rt = runtime_at_rest(1);
    cr_assert_eq(FILCH_RUN(rt, forks, 2 * FL_SLOTS, -1), 0);
    cr_assert_eq(FILCH_RUN(rt, tries), -EPROTO);
    cr_assert_eq(filch_runtime_destroy(rt), 0);
    urcu_bp_barrier(); /* deques that grew leave their old buffers to it */
    return __atomic_load_n(&blocks,
                           __ATOMIC_RELAXED); /* sanitizers do not see the barrier's edge */
}

Test(refused_excess, neither_their_slots_nor_dropped_failures_stay)
{
    int64_t before = blocks_after_excess(); /* the first one leaves the topology behind */
    cr_assert_eq(blocks_after_excess(), before);
}
