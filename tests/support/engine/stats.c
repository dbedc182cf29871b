/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <tests/support/engine.h>
#include <tests/support/test.h>

filch_runtime *stats_runtime(unsigned workers, const char *queue, const char *fence)
{
    filch_runtime *rt = NULL;
    filch_config config = {
        .workers = workers, .queue = queue, .fence = fence, .max_fibers = 1000, .guest = "0"};
    cr_assert_eq(filch_runtime_create(&rt, &config), 0, "%s", filch_error());
    return rt;
}

void stats_end(filch_runtime *rt)
{
    cr_assert_eq(filch_runtime_destroy(rt), 0, "%s", filch_error());
}

filch_runtime_stats stats_now(filch_runtime *rt, int worker)
{
    filch_runtime_stats stats;
    cr_assert_eq(filch_runtime_stats_read(rt, worker, &stats, sizeof stats), 0, "%s",
                 filch_error());
    return stats;
}

uint64_t stats_value(const filch_runtime_stat *row, const filch_runtime_stats *stats)
{
    return *(const uint64_t *)(const void *)((const char *)stats + row->offset);
}

uint64_t stats_stolen(const filch_runtime_stats *stats)
{
    return stats->gift_tasks + stats->robs + stats->deque_steals;
}

static bool stats_at_rest(const filch_runtime_stats *stats)
{
    return stats->jobs_started == stats->jobs_run && !stats->suspended &&
           stats->asks == stats->gifts + stats->missed_refused + stats->robs + stats->missed_gone;
}

filch_runtime_stats stats_rested(filch_runtime *rt)
{
    filch_runtime_stats stats = stats_now(rt, FILCH_ALL_WORKERS);
    for (; !stats_at_rest(&stats); stats = stats_now(rt, FILCH_ALL_WORKERS))
        sched_yield();
    return stats;
}

/* A thief's table of victims, which comes to agree with the thief's counters: an item that a join
 * took back after a flush lies in a ready deque until somebody's attempt to take it fails. */
static uint64_t stats_thefts_of(filch_runtime *rt, unsigned thief)
{
    enum { MOST = 64 };
    uint64_t row, taken[MOST + 1];
    filch_runtime_stats stats;
    do {
        row = 0;
        stats = stats_now(rt, (int)thief);
        cr_assert_eq(filch_runtime_steals_read(rt, thief, taken, MOST + 1), 0, "%s", filch_error());
        for (unsigned victim = 0; victim <= MOST; victim++)
            row += taken[victim];
        cr_assert_eq(taken[thief], 0, "worker %u stole from itself", thief);
    } while (row != stats_stolen(&stats) && !sched_yield());
    return row;
}

uint64_t stats_thefts(filch_runtime *rt)
{
    uint64_t sum = 0;
    for (unsigned thief = 0; thief < filch_runtime_max_workers(rt); thief++)
        sum += stats_thefts_of(rt, thief);
    return sum;
}

void stats_thefts_agree(filch_runtime *rt)
{
    filch_runtime_stats all;
    do
        all = stats_now(rt, FILCH_ALL_WORKERS);
    while (stats_thefts(rt) != stats_stolen(&all) && !sched_yield());
}

/* ---- A program of which each task is stolen ---- */

signpost stats_taken;
