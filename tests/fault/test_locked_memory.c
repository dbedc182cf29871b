/* SPDX-License-Identifier: MIT OR Apache-2.0
 * test: absent in asan tsan
 *
 * mlockall: with MCL_ONFAULT a waiting task costs what it touches, and a limit of locked memory
 * that is too low is named. In children, which have no threads yet. */
#include <sys/mman.h>
#include <sys/resource.h>
#include <tests/support/system.h>
#include <tests/support/tasks.h>
#include <tests/support/test.h>

enum { TASKS = 500, MOST_KIB = 64 << 10 };

/* Resident memory. */
static long resident_kib(void)
{
    long size, resident = -1;
    FILE *file = fopen("/proc/self/statm", "r");
    if (file && fscanf(file, "%ld %ld", &size, &resident) != 2)
        resident = -1;
    if (file)
        fclose(file);
    return resident * (sysconf(_SC_PAGESIZE) >> 10);
}

static filch_channel *channel;

static void waits(filch_self self, void *unused)
{
    int item;
    filch_channel_receive(channel, &item);
}

static uint64_t waiting(filch_runtime *rt)
{
    filch_runtime_stats stats;
    filch_runtime_stats_read(rt, FILCH_ALL_WORKERS, &stats, sizeof stats);
    return stats.suspended;
}

static void wait_with_locked_memory(void)
{
    filch_runtime *rt;
    if (mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT)) {
        dprintf(STDERR_FILENO, "not allowed");
        return;
    }
    int rc = filch_runtime_create(&rt, &(filch_config){.workers = 2});
    if (rc) { /* the limit of this machine */
        CHILD_CHECK(strstr(filch_error(), "locked memory"));
        return;
    }
    CHILD_CHECK(filch_channel_create(&channel, sizeof(int), 0) == 0);
    for (unsigned i = 0; i < TASKS; i++)
        CHILD_CHECK(filch_go(rt, waits, NULL) == 0);
    WAIT_WHILE(waiting(rt) < TASKS);
    CHILD_CHECK(resident_kib() < MOST_KIB);
    filch_channel_close(channel);
    CHILD_CHECK(filch_runtime_destroy(rt) == 0);
}

Test(locked_memory, waiting_tasks_cost_only_touched_memory)
{
    struct child child;
    child_run(&child, wait_with_locked_memory);
    cr_assert(child_passed(&child), "0x%x: %s", child.status, child.text);
}

static void create_beyond_the_limit(void)
{
    filch_runtime *rt;
    struct rlimit low = {2 << 20, 2 << 20};
    CHILD_CHECK(setrlimit(RLIMIT_MEMLOCK, &low) == 0);
    if (geteuid() == 0) /* no limit holds root */
        CHILD_CHECK(setresuid(65534, 65534, 65534) == 0);
    CHILD_CHECK(mlockall(MCL_FUTURE) == 0);
    int rc = filch_runtime_create(&rt, &(filch_config){.workers = 2});
    CHILD_CHECK(rc == -EAGAIN || rc == -ENOMEM);
    CHILD_CHECK(strstr(filch_error(), "limit of locked memory is 2048 KiB"));
}

Test(locked_memory, low_limit_is_named_in_error)
{
    struct child child;
    child_run(&child, create_beyond_the_limit);
    cr_assert(child_passed(&child), "0x%x: %s", child.status, child.text);
}
