/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Phases: workers without work stay awake, and sleep when the phase ends. Where the process has one
 * CPU, phases have no effect. */
#include <runtime/engine/runtime.h>

#include <runtime/engine/between_regions.h>
#include <runtime/engine/worker.h>
#include <tests/support/engine.h>
#include <tests/support/tasks.h>
#include <tests/support/test.h>

enum { REGIONS = 20, GAP = 3000 /* us */ };

static filch_runtime *two_workers(void)
{
    filch_runtime *rt = NULL;
    OK(filch_runtime_create(&rt, &(filch_config){.workers = 2, .guest = "1"}));
    return rt;
}

static unsigned sleepers(filch_runtime *rt)
{
    return fl_idle_sleepers(fl_idle_look(&rt->idle));
}

/* Regions with gaps. Returns how often workers slept. */
static uint64_t run_regions(filch_runtime *rt)
{
    filch_runtime_stats before, after;
    filch_runtime_stats_read(rt, FILCH_ALL_WORKERS, &before, sizeof before);
    for (int i = 0; i < REGIONS; i++) {
        cr_assert_eq(FILCH_RUN(rt, fib, 20), 6765);
        usleep(GAP);
    }
    filch_runtime_stats_read(rt, FILCH_ALL_WORKERS, &after, sizeof after);
    return after.wakes - before.wakes;
}

Test(phase, workers_stay_awake)
{
    filch_runtime *rt = two_workers();
    OK(filch_phase_begin(rt));
    for (int round = 0; run_regions(rt) >= REGIONS / 2 && fl_may_spin(rt); round++)
        cr_assert_lt(round, 50); /* on a busy machine a worker may miss a region */
    OK(filch_phase_end(rt));
    OK(filch_runtime_destroy(rt));
}

/* After a region. */
static filch_runtime *in_a_phase(void)
{
    filch_runtime *rt = two_workers();
    OK(filch_phase_begin(rt));
    cr_assert_eq(FILCH_RUN(rt, fib, 20), 6765);
    return rt;
}

Test(phase, workers_sleep_after_it)
{
    filch_runtime *rt = in_a_phase();
    OK(filch_phase_begin(rt));
    OK(filch_phase_end(rt));
    OK(filch_phase_end(rt));
    WAIT_WHILE(sleepers(rt) < 2);
    OK(filch_runtime_destroy(rt));
}

Test(phase, an_open_phase_lets_workers_sleep)
{
    filch_runtime *rt = in_a_phase();
    WAIT_WHILE(sleepers(rt) < 2);
    OK(filch_runtime_destroy(rt));
}

Test(phase, a_runtime_ends_in_a_phase)
{
    OK(filch_runtime_destroy(in_a_phase()));
}

static void end_without_begin(void)
{
    filch_phase_end(two_workers());
}

Test(phase, an_end_without_a_begin_dies)
{
    expect_death(end_without_begin, "filch_phase_end without filch_phase_begin", "in this order");
}

Test(phase, needs_a_runtime)
{
    cr_assert_eq(filch_phase_begin(NULL), -EINVAL);
    cr_assert_eq(filch_phase_end(NULL), -EINVAL);
}

/* Workers learn from the gaps between regions, and from wake-ups. */

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
