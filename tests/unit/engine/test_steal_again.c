/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The thief of a long ready deque works it off without a search for each item. No clock: searches
 * are counted by the changes of the word that they change (sched/idle.h). */
#include <runtime/engine/worker.h>
#include <tests/support/par.h>
#include <tests/support/tasks.h>
#include <tests/support/test.h>

enum { JOBS = 500, SEARCHED = 60 };

static struct {
    filch_u32 published, ran;
    filch_u32 times[JOBS];
} test;

/* The first one waits until all lie in the deque. */
static void run_job(filch_self self, void *number)
{
    WAIT_WHILE(!filch_u32_load(&test.published, FILCH_ACQUIRE));
    filch_u32_add(&test.times[(uintptr_t)number], 1, FILCH_RELAXED);
    filch_u32_add(&test.ran, 1, FILCH_ACQ_REL);
}

/* Their owner only waits, so that all are stolen. Returns how often a search began or ended
 * meanwhile. */
FILCH_TASK(uint64_t, publish_and_wait, (filch_runtime *, rt))
{
    for (uintptr_t i = 0; i < JOBS; i++)
        if (filch_go(NULL, run_job, (void *)i))
            filch_die("%s", filch_error());
    uint64_t before = fl_idle_look(&rt->idle);
    filch_u32_store(&test.published, 1, FILCH_RELEASE);
    WAIT_WHILE(filch_u32_load(&test.ran, FILCH_ACQUIRE) < JOBS);
    return (fl_idle_look(&rt->idle) - before) / FL_IDLE_CHANGE;
}

Test(steal_again, long_deque_needs_few_searches)
{
    filch_runtime *rt = par_runtime(2);
    uint64_t changes = FILCH_RUN(rt, publish_and_wait, rt);
    cr_assert_leq(changes, 2 * SEARCHED, "%llu changes for %d jobs", (unsigned long long)changes,
                  JOBS);
    OK(filch_runtime_destroy(rt));
    for (int i = 0; i < JOBS; i++)
        cr_assert_eq(filch_u32_load(&test.times[i], FILCH_RELAXED), 1, "job %d", i);
}

Test(steal_again, busy_owners_jobs_run_once)
{
    static const unsigned workers[] = {3, 8, 64};
    for (unsigned k = 0; k < sizeof workers / sizeof *workers; k++) {
        filch_runtime *rt = par_runtime(workers[k]);
        memset(&test, 0, sizeof test);
        FILCH_RUN(rt, publish_and_wait, rt);
        OK(filch_runtime_destroy(rt));
        for (int i = 0; i < JOBS; i++)
            cr_assert_eq(filch_u32_load(&test.times[i], FILCH_RELAXED), 1, "job %d", i);
    }
}
