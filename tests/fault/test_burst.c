/* SPDX-License-Identifier: MIT OR Apache-2.0
 * test: absent in asan tsan
 *
 * Memory of a burst: a waiting task takes a page, and half a page table. Once the runtime is idle, nine
 * tenths of it go back to the system. Each burst is a process of its own. */
#include <tests/support/system.h>
#include <tests/support/tasks.h>
#include <tests/support/test.h>

enum { WAITING = 20000, QUEUED = 1000000, WORKERS = 2 };

static long kib_of(const char *field)
{
    char line[128];
    long value = 0;
    FILE *file = fopen("/proc/self/status", "r");
    CHILD_CHECK(file);
    while (fgets(line, sizeof line, file))
        if (!strncmp(line, field, strlen(field)))
            value = atol(line + strlen(field));
    fclose(file);
    return value;
}

static long kib_held(void)
{
    return kib_of("VmRSS:") + kib_of("VmPTE:");
}

static filch_runtime *runtime(void)
{
    filch_runtime *rt = NULL;
    CHILD_CHECK(filch_runtime_create(&rt, &(filch_config){.workers = WORKERS}) == 0);
    return rt;
}

static void expect_given_back(long before, long peak, long least)
{
    CHILD_CHECK(peak - before >= least);
    WAIT_WHILE(kib_held() - before > (peak - before) / 10);
}

/* ---- Tasks that wait ---- */

static filch_waitgroup group;
static signpost gone_on;

static void waits(filch_self self, void *unused)
{
    filch_waitgroup_wait(&group);
    signpost_raise(&gone_on);
}

static void let_tasks_wait(filch_runtime *rt)
{
    filch_runtime_stats stats;
    filch_waitgroup_add(&group, 1);
    for (unsigned i = 0; i < WAITING; i++)
        CHILD_CHECK(filch_go(rt, waits, NULL) == 0);
    do
        filch_runtime_stats_read(rt, FILCH_ALL_WORKERS, &stats, sizeof stats);
    while (stats.suspended < WAITING);
}

static void wait_in_bursts(void)
{
    filch_runtime *rt = runtime();
    long before = kib_held(), resident = kib_of("VmRSS:");
    for (unsigned burst = 1; burst <= 2; burst++) {
        let_tasks_wait(rt);
        CHILD_CHECK(kib_of("VmRSS:") - resident <= WAITING / 2 * 9);
        long peak = kib_held();
        filch_waitgroup_done(&group);
        signpost_wait(&gone_on, burst * WAITING);
        expect_given_back(before, peak, WAITING * 6);
    }
    CHILD_CHECK(filch_runtime_destroy(rt) == 0);
}

/* ---- Jobs in a queue ---- */

static signpost opened, ended;

static void blocks(filch_self self, void *unused)
{
    signpost_wait(&opened, 1);
}

static void ends(filch_self self, void *unused)
{
    signpost_raise(&ended);
}

static void queue_jobs(void)
{
    filch_runtime *rt = runtime();
    long before = kib_held();
    for (unsigned i = 0; i < WORKERS; i++)
        CHILD_CHECK(filch_go(rt, blocks, NULL) == 0);
    for (unsigned i = 0; i < QUEUED; i++)
        CHILD_CHECK(filch_go(rt, ends, NULL) == 0);
    long peak = kib_held();
    signpost_raise(&opened);
    signpost_wait(&ended, QUEUED);
    expect_given_back(before, peak, QUEUED / 20);
    CHILD_CHECK(filch_runtime_destroy(rt) == 0);
}

static void passes(void (*work)(void))
{
    struct child child;
    child_run(&child, work);
    cr_assert(child_passed(&child), "0x%x: %s", child.status, child.text);
}

Test(burst, tasks_return_most_memory_after_waiting)
{
    passes(wait_in_bursts);
}

Test(burst, queued_jobs_return_most_memory_afterwards)
{
    passes(queue_jobs);
}
