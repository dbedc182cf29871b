/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Phases: workers without work stay awake, and sleep when the phase ends. Where the process has one
 * CPU, phases have no effect. */
#include <runtime/engine/runtime.h>
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
