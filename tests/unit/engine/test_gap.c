/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Workers learn from the gaps between regions, and from wake-ups. */
#include <runtime/engine/between_regions.h>
#include <runtime/engine/runtime.h>
#include <runtime/engine/worker.h>
#include <tests/support/tasks.h>
#include <tests/support/test.h>

static bool is_parked(const fl_worker *worker)
{
    return filch_u32_load(&worker->park_word, FILCH_ACQUIRE) == FL_PARK_PARKED;
}

static filch_runtime *asleep(unsigned workers, const char *guest)
{
    filch_runtime *rt = NULL;
    const filch_config config = {.workers = workers, .guest = guest};
    cr_assert_eq(filch_runtime_create(&rt, &config), 0, "%s", filch_error());
    for (unsigned i = 0; i < workers; i++)
        WAIT_WHILE(!is_parked(rt->worker[i]));
    return rt;
}

/* A new worker begins with the least wake-up, and the credit of one. */
Test(gap, a_worker_begins_to_learn)
{
    filch_runtime *rt = asleep(1, "0");
    cr_assert_eq(rt->worker[0]->warm.wake, FL_WARM_LEAST);
    cr_assert_eq(rt->worker[0]->warm.credit, FL_WARM_LEAST);
    OK(filch_runtime_destroy(rt));
}

/* The gap is made to begin long ago. */
Test(gap, a_wake_up_ends_one)
{
    filch_runtime *rt = asleep(1, "0");
    fl_worker *worker = rt->worker[0];
    worker->gap_began = 1;
    filch_u64_store(&worker->woken_at, FL_GAP_ASKS, FILCH_RELAXED);
    cr_assert_eq(FILCH_RUN(rt, fib, 1), 1);
    WAIT_WHILE(!is_parked(worker));
    cr_assert_eq(worker->warm.long_gaps, 1);
    cr_assert_eq(filch_u64_load(&worker->woken_at, FILCH_RELAXED), 0);
    OK(filch_runtime_destroy(rt));
}

Test(gap, other_waits_teach_nothing)
{
    filch_runtime *rt = asleep(1, "0");
    cr_assert_eq(FILCH_RUN(rt, fib, 1), 1);
    WAIT_WHILE(!is_parked(rt->worker[0]));
    cr_assert_eq(rt->worker[0]->warm.long_gaps, 0);
    cr_assert_eq(rt->worker[0]->warm.credit, FL_WARM_LEAST);
    cr_assert_eq(filch_u64_load(&rt->worker[0]->woken_at, FILCH_RELAXED), 0, "not asked for");
    OK(filch_runtime_destroy(rt));
}

static bool has_one_begun(filch_runtime *rt)
{
    for (unsigned i = 0; i < 2; i++) {
        WAIT_WHILE(!is_parked(rt->worker[i]));
        if (rt->worker[i]->gap_began)
            return filch_u64_load(&rt->worker[i]->woken_at, FILCH_RELAXED) == FL_GAP_ASKS;
    }
    return false;
}

/* A worker that has stolen from a guest is the one. */
Test(gap, one_begins_when_a_thief_sleeps)
{
    filch_runtime *rt = asleep(2, "1");
    while (fl_may_spin(rt) && !has_one_begun(rt))
        cr_assert_eq(FILCH_RUN(rt, fib, 20), 6765);
    OK(filch_runtime_destroy(rt));
}

static bool has_found(filch_runtime *rt)
{
    for (unsigned i = 0; i < 2; i++) {
        WAIT_WHILE(!is_parked(rt->worker[i]));
        if (!rt->worker[i]->warm.long_gaps)
            return true;
    }
    for (unsigned i = 0; i < 2; i++)
        rt->worker[i]->warm = (fl_warm){.wake = FL_WARM_MOST, .long_gaps = FL_WARM_LONG};
    return false;
}

/* It follows long gaps, and only a short one ends their row. */
Test(gap, a_find_ends_one)
{
    filch_runtime *rt = asleep(2, "1");
    rt->worker[0]->warm.long_gaps = rt->worker[1]->warm.long_gaps = FL_WARM_LONG;
    while (fl_may_spin(rt) && !has_found(rt))
        for (int i = 0; i < 5; i++)
            cr_assert_eq(FILCH_RUN(rt, fib, 20), 6765);
    OK(filch_runtime_destroy(rt));
}
