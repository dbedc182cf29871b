/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* test: memcheck; label processor in emulated */
#include <tests/support/tasks.h>
#include <tests/support/test.h>

/* Whose regions may move: those of guests do not. */
static filch_runtime *runtime(const filch_config *wanted)
{
    filch_runtime *rt = NULL;
    filch_config config = *wanted;
    config.guest = "0";
    cr_assert_eq(filch_runtime_create(&rt, &config), 0, "%s", filch_error());
    return rt;
}

/* ---- A joiner goes on where it can ---- */

static signpost child_started, long_started, long_released, long_ended;
static filch_runtime *runtime_of_the_long;
static unsigned first_worker, long_worker;

static void long_task(filch_self self, void *unused)
{
    long_worker = (unsigned)filch_worker_index();
    signpost_raise(&long_started);
    signpost_wait(&long_released, 1);
    signpost_raise(&long_ended);
}

/* Runs on the second worker, and ends when the first one is inside the long task. */
FILCH_TASK(int, child)
{
    signpost_raise(&child_started);
    int rc = filch_go(runtime_of_the_long, long_task, NULL);
    if (!rc)
        signpost_wait(&long_started, 1);
    return rc;
}

FILCH_TASK(unsigned, joiner)
{
    first_worker = (unsigned)filch_worker_index();
    FILCH_FORK(child);
    signpost_wait(&child_started, 1);
    FILCH_JOIN(int rc, child);
    return rc ? 99 : (unsigned)filch_worker_index();
}

static void joiner_migrates(const char *queue)
{
    filch_runtime *rt = runtime(&(filch_config){.workers = 2, .queue = queue});
    filch_u32_store(&child_started, 0, FILCH_RELEASE);
    filch_u32_store(&long_started, 0, FILCH_RELEASE);
    filch_u32_store(&long_released, 0, FILCH_RELEASE);
    filch_u32_store(&long_ended, 0, FILCH_RELEASE);
    runtime_of_the_long = rt;
    unsigned last_worker = FILCH_RUN(rt, joiner);
    cr_assert_eq(signpost_count(&long_ended), 0, "the long task is still on");
    cr_assert_eq(long_worker, first_worker, "the waiting worker took it");
    cr_assert_eq(last_worker, 1 - first_worker);
    filch_runtime_stats stats;
    filch_runtime_stats_read(rt, FILCH_ALL_WORKERS, &stats, sizeof stats);
    cr_assert_gt(stats.migrations, 0);
    signpost_raise(&long_released);
    OK(filch_runtime_destroy(rt));
    cr_assert_eq(signpost_count(&long_ended), 1);
}

Test(suspend, joiner_resumes_elsewhere_when_worker_busy)
{
    joiner_migrates("chase-lev");
    joiner_migrates("central-mutex");
}

/* ---- Yield ---- */

static signpost made;

FILCH_TASK(int, producer)
{
    signpost_raise(&made);
    return 7;
}

FILCH_TASK(int, consumer)
{
    filch_u32_store(&made, 0, FILCH_RELEASE);
    FILCH_FORK(producer);
    while (!signpost_count(&made))
        filch_yield(self);
    FILCH_JOIN(int what, producer);
    return what;
}

static const char *const queues[] = {"chase-lev", "central-mutex"};
static const char *const fences[] = {"asymmetric", "full"};

Test(suspend, waiting_on_unjoined_fork_terminates)
{
    for (unsigned i = 0; i < 4; i++)
        for (unsigned workers = 1; workers <= 2; workers++) {
            filch_runtime *rt = runtime(&(
                filch_config){.workers = workers, .queue = queues[i / 2], .fence = fences[i % 2]});
            for (int k = 0; k < 100; k++)
                cr_assert_eq(FILCH_RUN(rt, consumer), 7);
            OK(filch_runtime_destroy(rt));
        }
}

FILCH_TASK(unsigned, number, (unsigned, n))
{
    return n;
}

/* Forks around yields: some tasks are flushed, some not, all give their own result, newest
 * first. */
FILCH_TASK(unsigned, forks_around_yields, (unsigned, count))
{
    unsigned wrong = 0;
    for (unsigned i = 0; i < count; i++) {
        FILCH_FORK(number, i);
        if (i % 7 == 3)
            filch_yield(self);
    }
    for (unsigned i = count; i-- > 0;) {
        if (i % 11 == 5)
            filch_yield(self);
        FILCH_JOIN(unsigned n, number);
        wrong += n != i;
    }
    return wrong;
}

Test(suspend, flushed_tasks_answer_correct_joins)
{
    for (unsigned i = 0; i < 4; i++)
        for (unsigned workers = 1; workers <= 3; workers++) {
            filch_runtime *rt = runtime(&(filch_config){.workers = workers,
                                                        .queue = queues[i / 2],
                                                        .fence = fences[i % 2],
                                                        .max_fibers = 1000});
            cr_assert_eq(FILCH_RUN(rt, forks_around_yields, 200), 0);
            OK(filch_runtime_destroy(rt));
        }
}

static char turns[64];
static unsigned turn;

static void take_turns(filch_self self, void *name)
{
    for (int i = 0; i < 3; i++) {
        turns[turn++] = *(const char *)name;
        filch_yield(self);
    }
}

FILCH_VOID_TASK(start_both, (filch_runtime *, rt))
{
    filch_go(rt, take_turns, "b");
    filch_go(rt, take_turns, "a");
}

/* With FILCH_TINY every third find is due (runtime/engine/find_work.h), which changes their order. */
Test(suspend, yielding_tasks_take_turns)
{
    filch_runtime *rt = runtime(&(filch_config){.workers = 1});
    FILCH_RUN(rt, start_both, rt);
    OK(filch_runtime_destroy(rt));
#ifdef FILCH_TINY
    cr_assert_eq(turn, 6);
#else
    cr_assert_str_eq(turns, "ababab");
#endif
}

/* ---- The cap ---- */

enum { DEPTH = 200, PATIENCE = 100 };

Test(suspend, suspended_joins_may_outnumber_fibers)
{
    for (unsigned i = 0; i < 4; i++)
        for (unsigned workers = 1; workers <= 3; workers++) {
            filch_runtime *rt = runtime(&(filch_config){.workers = workers,
                                                        .queue = queues[i / 2],
                                                        .fence = fences[i % 2],
                                                        .max_fibers = 4});
            chain_lay();
            cr_assert_eq(FILCH_RUN(rt, stolen_chain, DEPTH, PATIENCE),
                         (long)DEPTH * (DEPTH + 1) / 2);
            filch_runtime_stats stats;
            filch_runtime_stats_read(rt, FILCH_ALL_WORKERS, &stats, sizeof stats);
            cr_assert_leq(stats.fibers, 4);
            OK(filch_runtime_destroy(rt));
        }
}
