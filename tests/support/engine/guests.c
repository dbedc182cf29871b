/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <tests/support/engine.h>
#include <tests/support/test.h>

filch_runtime *guest_runtime(unsigned workers)
{
    filch_runtime *rt = NULL;
    filch_config config = {.workers = workers, .max_workers = 8, .guest = "1"};
    CHILD_CHECK(filch_runtime_create(&rt, &config) == 0);
    return rt;
}

bool is_parked(const fl_worker *worker)
{
    return filch_u32_load(&worker->park_word, FILCH_ACQUIRE) == FL_PARK_PARKED;
}

void wait_until_all_sleep(const filch_runtime *rt)
{
    fl_idle *idle = (fl_idle *)(uintptr_t)&rt->idle;
    WAIT_WHILE(fl_idle_sleepers(fl_idle_look(idle)) < filch_runtime_workers(rt) ||
               fl_idle_has_token(idle));
    for (unsigned i = 0; i < filch_runtime_workers(rt); i++)
        WAIT_WHILE(!is_parked(rt->worker[i]));
}

filch_runtime *guest_asleep(unsigned workers)
{
    filch_runtime *rt = guest_runtime(workers);
    wait_until_all_sleep(rt);
    return rt;
}

void expect_rest(filch_runtime *rt)
{
    filch_runtime_stats stats;
    wait_until_all_sleep(rt);
    cr_assert_eq(filch_runtime_here(), NULL);
    WAIT_WHILE(filch_u32_load(&rt->inbox.visitors, FILCH_ACQUIRE)); /* a waker is about to leave */
    cr_assert_eq(filch_u32_load(&fl_threads.waiting, FILCH_SEQ_CST), 0); /* as in threads.h */
    OK(filch_runtime_stats_read(rt, FILCH_ALL_WORKERS, &stats, sizeof stats));
    cr_assert_eq(stats.suspended, 0);
    cr_assert_eq(stats.tasks_taken, stats.joins_taken);
    cr_assert_eq(stats.jobs_started, stats.jobs_run);
    OK(filch_runtime_destroy(rt));
}
