/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Counters match the events: programs whose forks, jobs and waits are known. */
#include <runtime/engine/find_work.h>
#include <runtime/engine/worker.h>
#include <tests/support/engine.h>
#include <tests/support/tasks.h>
#include <tests/support/test.h>

/* ---- Forks and joins ---- */

enum { HEIGHT = 9, TREE_FORKS = (1 << HEIGHT) - 1, TREE_WAITS = TREE_FORKS / 4 + 1 };

/* Waits with a fork unjoined, at every other level from the leaves. */
FILCH_TASK(unsigned, tree, (unsigned, height), (bool, waits))
{
    if (!height)
        return 1;
    FILCH_FORK(tree, height - 1, waits);
    if (waits && height == 2)
        filch_yield(self);
    unsigned right = tree(self, height - 1, waits);
    FILCH_JOIN(unsigned left, tree);
    return left + right;
}

static void grow(filch_runtime *rt, bool waits)
{
    cr_assert_eq(FILCH_RUN(rt, tree, HEIGHT, waits), 1u << HEIGHT);
}

static const struct {
    unsigned workers;
    const char *queue, *fence;
    bool all_forks;
} kinds[] = {
    {1, "chase-lev", "full", true},
    {2, "chase-lev", "full", true},
    {8, "chase-lev", "full", true},
    {1, "central-mutex", NULL, true},
    {2, "central-mutex", NULL, true},
    {8, "central-mutex", NULL, true},
    {2, "chase-lev-outline", NULL, true},
    {8, "chase-lev-fenced", NULL, true},
    {8, "the", NULL, true},
    {8, "abp", NULL, true},
    {8, "private-split", NULL, true},
    {8, "private-request", NULL, true},
    {8, "central-lockfree", NULL, true},
    {8, "sharing", NULL, true},
    {1, "chase-lev", "asymmetric", false},
    {2, "chase-lev", "asymmetric", false},
    {64, "chase-lev", "asymmetric", false},
};

/* A gift of many is run as a range that forks all its tasks but one. */
static uint64_t range_forks(const filch_runtime_stats *stats)
{
    return stats->gift_tasks - stats->gifts;
}

Test(stats, each_fork_is_joined_or_taken)
{
    for (unsigned i = 0; i < 2 * sizeof kinds / sizeof *kinds; i++) {
        filch_runtime *rt =
            stats_runtime(kinds[i / 2].workers, kinds[i / 2].queue, kinds[i / 2].fence);
        grow(rt, i % 2);
        filch_runtime_stats all = stats_now(rt, FILCH_ALL_WORKERS);
        uint64_t forks = TREE_FORKS + range_forks(&all);
        cr_expect_eq(all.tasks_taken, all.joins_taken, "kind %u", i);
        cr_expect_leq(all.joins_waited, all.joins_taken, "kind %u", i);
        stats_thefts_agree(rt);
        cr_expect_eq(all.joins_dropped, 0, "kind %u", i);
        if (all.all_forks) {
            cr_expect_eq(all.forks, forks, "kind %u", i);
            cr_expect_eq(all.joins_kept + all.joins_taken, forks, "kind %u", i);
        } else {
            cr_expect_leq(all.forks, forks, "kind %u", i);
            cr_expect_leq(all.joins_kept + all.joins_taken, forks, "kind %u", i);
        }
        cr_expect(all.all_forks || !kinds[i / 2].all_forks, "kind %u", i);
        cr_expect_eq(all.suspensions, all.joins_waited + (i % 2 ? TREE_WAITS : 0), "kind %u", i);
        stats_end(rt);
    }
}

Test(stats, lone_worker_takes_own_flushed_forks)
{
    filch_runtime *rt = stats_runtime(1, "chase-lev", NULL);
    grow(rt, true);
    filch_runtime_stats all = stats_rested(rt);
    cr_expect_geq(all.flushed, TREE_WAITS, "each waited with a fork unjoined");
    cr_expect_leq(all.tasks_taken, all.flushed, "some were taken back");
    cr_expect_eq(stats_stolen(&all) + all.queue_takes + all.asks, 0);
    stats_end(rt);
}

Test(stats, central_queue_counts_no_steals)
{
    filch_runtime *rt = stats_runtime(8, "central-mutex", NULL);
    grow(rt, false);
    filch_runtime_stats all = stats_rested(rt);
    cr_expect_eq(all.gifts + all.robs + all.asks + all.missed_empty + all.missed_busy, 0);
    cr_expect_leq(all.queue_takes, all.tasks_taken, "the others were run where the ring was full");
    cr_expect_eq(stats_thefts(rt), all.deque_steals, "nothing but ready fibers");
    stats_end(rt);
}

FILCH_TASK(int, panics, (int, forks))
{
    for (int i = 0; i < forks; i++)
        FILCH_FORK(panics, 0);
    if (forks)
        FILCH_PANIC(EDOM, "on purpose");
    return 0;
}

static void receives_one(filch_self self, void *from)
{
    filch_channel_receive(from, NULL);
}

/* Each job that waits has a fiber; each worker one for itself, and at most 8 that it keeps. */
static void uses_a_fiber_for_each_job(unsigned workers)
{
    enum { JOBS = 300 };
    uint64_t kept = UINT64_C(9) * workers;
    filch_runtime *rt = stats_runtime(workers, NULL, NULL);
    filch_channel *end = channel_of(0, 0);
    cr_expect_leq(stats_now(rt, FILCH_ALL_WORKERS).fibers_used_most, kept);
    for (unsigned job = 0; job < JOBS; job++)
        cr_assert_eq(filch_go(rt, receives_one, end), 0, "%s", filch_error());
    channel_wait_for(end, JOBS);
    filch_runtime_stats full = stats_now(rt, FILCH_ALL_WORKERS);
    cr_expect_geq(full.fibers_used, JOBS);
    cr_expect_geq(full.fibers_used_most, full.fibers_used);
    cr_expect_leq(full.fibers_used_most, JOBS + kept);
    filch_channel_close(end);
    WAIT_WHILE(stats_now(rt, FILCH_ALL_WORKERS).fibers_used > kept);
    filch_runtime_stats rested = stats_now(rt, FILCH_ALL_WORKERS);
    cr_expect_geq(rested.fibers_used_most, full.fibers_used_most, "a peak does not fall");
    cr_expect_leq(rested.fibers_used_most, JOBS + kept);
    stats_end(rt);
    filch_channel_destroy(end);
}

Test(stats, used_fibers_are_counted_with_peak)
{
    uses_a_fiber_for_each_job(1);
    uses_a_fiber_for_each_job(2);
    uses_a_fiber_for_each_job(8);
}

static void panics_inside(filch_self self, void *forks)
{
    panics(self, *(int *)forks);
}

FILCH_TASK(int, is_caught, (int, forks))
{
    filch_failure failure;
    int caught = filch_try(self, panics_inside, &forks, &failure);
    return caught;
}

Test(stats, what_a_panic_drops_is_counted)
{
    filch_runtime *rt = stats_runtime(1, "central-mutex", NULL);
    FILCH_RUN(rt, is_caught, 3);
    filch_runtime_stats all = stats_now(rt, FILCH_ALL_WORKERS);
    cr_expect_eq(all.forks, 3);
    cr_expect_eq(all.joins_dropped, 3);
    cr_expect_eq(all.joins_kept + all.joins_taken, 0);
    stats_end(rt);
}

/* ---- Thefts ---- */

Test(stats, steals_are_counted_by_victim)
{
    enum { TIMES = 50 };
    uint64_t row[3] = {9, 9, 9};
    filch_runtime *rt = stats_runtime(2, "chase-lev", NULL);
    FILCH_RUN(rt, stats_robbed, TIMES);
    filch_runtime_stats all = stats_rested(rt);
    cr_expect_eq(all.gift_tasks + all.robs, TIMES);
    stats_thefts_agree(rt);
    OK(filch_runtime_steals_read(rt, 0, row, 3));
    uint64_t sum = row[1];
    cr_expect_eq(row[0] + row[2], 0);
    OK(filch_runtime_steals_read(rt, 1, row, 1));
    sum += row[0];
    cr_expect_eq(sum, stats_stolen(&all));
    stats_end(rt);
}

FILCH_VOID_TASK(nothing)
{
}

/* Forks and joins until a thief has asked and been answered. */
FILCH_VOID_TASK(gives)
{
    filch_runtime_stats stats = {0};
    while (!stats.gifts) {
        for (int i = 0; i < 100; i++) {
            FILCH_FORK(nothing);
            FILCH_FORK(nothing);
            FILCH_JOIN_VOID(nothing);
            FILCH_JOIN_VOID(nothing);
        }
        filch_runtime_stats_read(filch_runtime_here(), FILCH_ALL_WORKERS, &stats, sizeof stats);
    }
}

Test(stats, gifts_count_as_taken_from_owner)
{
    filch_runtime *rt = stats_runtime(2, "chase-lev", NULL);
    FILCH_RUN(rt, gives);
    filch_runtime_stats all = stats_rested(rt);
    cr_expect_geq(all.gift_tasks, all.gifts);
    stats_thefts_agree(rt);
    stats_end(rt);
}

Test(stats, received_fork_counts_as_push)
{
    for (unsigned workers = 1; workers <= 2; workers++) {
        filch_runtime *rt = stats_runtime(workers, "sharing", NULL);
        do
            grow(rt, false);
        while (workers > 1 && !stats_now(rt, FILCH_ALL_WORKERS).pushes);
        cr_expect(workers > 1 || !stats_now(rt, FILCH_ALL_WORKERS).pushes);
        stats_end(rt);
    }
}

/* ---- Jobs ---- */

typedef struct batch {
    filch_waitgroup left;
    unsigned more; /* that each starts */
} batch;

static void leaf(filch_self self, void *arg)
{
    filch_waitgroup_done(&((batch *)arg)->left);
}

static void branch(filch_self self, void *arg)
{
    batch *all = arg;
    for (unsigned i = 0; i < all->more; i++)
        OK(filch_go(NULL, leaf, all));
    filch_waitgroup_done(&all->left);
}

Test(stats, every_started_job_is_run)
{
    enum { BRANCHES = 40, LEAVES = 25, JOBS = BRANCHES * (LEAVES + 1) };
    for (unsigned config = 0; config < CONFIGS; config++) {
        filch_runtime *rt = config_runtime(config, 1000);
        batch all = {.more = LEAVES};
        filch_waitgroup_add(&all.left, JOBS);
        for (unsigned i = 0; i < BRANCHES; i++)
            OK(filch_go(rt, branch, &all));
        filch_waitgroup_wait(&all.left);
        cr_expect_eq(stats_now(rt, FILCH_ALL_WORKERS).jobs_run, JOBS, "%s", config_name(config));
        filch_runtime_stats sum = stats_rested(rt);
        cr_expect_eq(sum.jobs_started, JOBS, "%s", config_name(config));
        cr_expect_eq(sum.outside, BRANCHES, "%s", config_name(config));
        stats_end(rt);
    }
}

static int job(filch_self self, filch_job *of, void *arg)
{
    return 0;
}

static void submits(filch_self self, void *pool)
{
    for (int i = 0; i < 1000; i++)
        cr_assert_eq(FILCH_SUBMIT(pool, job, NULL), 0);
}

Test(stats, jobs_of_pools_are_jobs)
{
    filch_runtime *rt = stats_runtime(2, NULL, NULL);
    filch_pool *pool;
    cr_assert_eq(filch_pool_create(&pool, &(filch_pool_config){.runtime = rt,
                                                               .capacity = FILCH_UNLIMITED}),
                 0, "%s", filch_error());
    OK(filch_go(rt, submits, pool));
    WAIT_WHILE(stats_now(rt, FILCH_ALL_WORKERS).jobs_run < 1001);
    OK(filch_pool_destroy(pool));
    cr_expect_geq(stats_rested(rt).jobs_run, 1001);
    stats_end(rt);
}
