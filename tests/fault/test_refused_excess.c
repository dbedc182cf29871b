/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Forks beyond a full fork stack without memory: they continue until the reserve is used up. */
#include <criterion/criterion.h>
#include <filch/filch.h>
#include <sched/forkstack.h>
#include <tests/support/refuse.h>
#include <tests/support/rest.h>

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
