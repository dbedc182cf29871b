/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <pthread.h>
#include <runtime/engine/external.h>
#include <runtime/engine/inbox.h>
#include <tests/support/system.h>
#include <tests/support/tasks.h>
#include <tests/support/test.h>

static filch_runtime *runtime(unsigned workers)
{
    filch_runtime *rt = NULL;
    OK(filch_runtime_create(&rt, &(filch_config){.workers = workers}));
    return rt;
}

struct caller {
    filch_runtime *rt;
    unsigned wrong;
};

static void *call_often(void *arg)
{
    static const long answers[] = {0, 1, 1, 2, 3, 5, 8, 13, 21, 34, 55, 89, 144};
    struct caller *caller = arg;
    for (int i = 0; i < 300; i++)
        caller->wrong += FILCH_RUN(caller->rt, fib, i % 13) != answers[i % 13];
    return NULL;
}

Test(outside, many_foreign_threads_run_tasks_concurrently)
{
    enum { THREADS = 16 };
    for (unsigned workers = 1; workers <= 3; workers++) {
        filch_runtime *rt = runtime(workers);
        struct caller callers[THREADS] = {0};
        pthread_t threads[THREADS];
        for (unsigned i = 0; i < THREADS; i++) {
            callers[i].rt = rt;
            cr_assert_eq(pthread_create(&threads[i], NULL, call_often, &callers[i]), 0);
        }
        for (unsigned i = 0; i < THREADS; i++) {
            pthread_join(threads[i], NULL);
            cr_assert_eq(callers[i].wrong, 0);
        }
        OK(filch_runtime_destroy(rt));
    }
}

/* ---- From one runtime into another ---- */

FILCH_TASK(long, bounce, (filch_runtime *, here), (filch_runtime *, there), (int, times))
{
    if (times == 0)
        return filch_worker_index();
    return FILCH_RUN(there, bounce, there, here, times - 1) + 1;
}

enum { TOGETHER = 3 };

static struct {
    fl_work_item item[TOGETHER];
    filch_runtime *there;
    signpost ran, strayed;
} together;

static void run_there(filch_self self, fl_work_item *unused)
{
    signpost_raise(filch_runtime_here() == together.there ? &together.ran : &together.strayed);
}

FILCH_VOID_TASK(starts_there)
{
    fl_work_item *items[TOGETHER];
    for (unsigned i = 0; i < TOGETHER; i++) {
        items[i] = &together.item[i];
        fl_work_item_be_part(items[i], run_there);
    }
    fl_start_all(together.there, items, TOGETHER);
}

Test(outside, batch_runs_on_named_runtime)
{
    filch_runtime *here = runtime(1);
    together.there = runtime(1);
    FILCH_RUN(here, starts_there);
    OK(filch_runtime_destroy(here));
    OK(filch_runtime_destroy(together.there));
    cr_assert_eq(signpost_count(&together.strayed), 0);
    cr_assert_eq(signpost_count(&together.ran), TOGETHER);
}

Test(outside, tasks_run_across_runtimes_and_back)
{
    for (unsigned workers = 1; workers <= 2; workers++) {
        filch_runtime *a = runtime(workers), *b = runtime(workers);
        for (int times = 0; times < 3; times++) /* a; a, b; a, b, a */
            for (int i = 0; i < 50; i++) {
                long answer = FILCH_RUN(a, bounce, a, b, times);
                cr_assert(answer >= times && answer < times + (long)workers);
            }
        OK(filch_runtime_destroy(a));
        OK(filch_runtime_destroy(b));
    }
}

static signpost inside, released;

FILCH_TASK(int, hold)
{
    signpost_raise(&inside);
    signpost_wait(&released, 1);
    return 1;
}

FILCH_TASK(int, wait_over_there, (filch_runtime *, there))
{
    return FILCH_RUN(there, hold);
}

static void *call_waiter(void *arg)
{
    filch_runtime **both = arg;
    return FILCH_RUN(both[0], wait_over_there, both[1]) == 1 ? arg : NULL;
}

Test(outside, worker_runs_others_while_task_waits)
{
    filch_runtime *both[2] = {runtime(1), runtime(1)};
    pthread_t thread;
    void *right;
    cr_assert_eq(pthread_create(&thread, NULL, call_waiter, both), 0);
    signpost_wait(&inside, 1);
    cr_assert_eq(FILCH_RUN(both[0], fib, 20), 6765, "on the only worker of the one that waits");
    signpost_raise(&released);
    pthread_join(thread, &right);
    cr_assert_not_null(right);
    OK(filch_runtime_destroy(both[0]));
    OK(filch_runtime_destroy(both[1]));
}

/* ---- Refused ---- */

FILCH_TASK(int, runs_on_its_own, (filch_runtime *, rt))
{
    filch_slot slot;
    return filch_run(rt, &fib_task, &slot);
}

FILCH_TASK(long, macro_on_its_own, (filch_runtime *, rt))
{
    return FILCH_RUN(rt, fib, 3);
}

Test(outside, run_on_own_runtime_is_refused)
{
    filch_runtime *rt = runtime(2);
    cr_assert_eq(FILCH_RUN(rt, runs_on_its_own, rt), -EDEADLK);
    cr_assert_eq(FILCH_RUN(rt, fib, 20), 6765);
    OK(filch_runtime_destroy(rt));
}

Test(outside, a_detached_task_needs_a_function)
{
    filch_runtime *rt = runtime(1);
    cr_assert_eq(filch_go(rt, NULL, NULL), -EINVAL);
    cr_assert(strstr(filch_error(), "without a function") != NULL);
    OK(filch_runtime_destroy(rt));
}

static void run_macro_on_its_own(void)
{
    filch_runtime *rt;
    CHILD_CHECK(filch_runtime_create(&rt, &(filch_config){.workers = 1}) == 0);
    FILCH_RUN(rt, macro_on_its_own, rt);
}

Test(outside, macro_run_on_own_runtime_dies)
{
    struct child child;
    child_run(&child, run_macro_on_its_own);
    cr_assert(child_died(&child, "filch_run(fib) on a worker of the same runtime"), "%s",
              child.text);
    cr_assert(child_died(&child, "call fib(self, ...)"));
}

/* ---- Detached ---- */

static signpost gone;

static void count(filch_self self, void *unused)
{
    signpost_raise(&gone);
}

static void count_by_forking(filch_self self, void *unused)
{
    FILCH_FORK(fib, 5);
    FILCH_JOIN(long five, fib);
    if (five == 5)
        signpost_raise(&gone);
}

Test(outside, destroy_runs_all_detached_tasks)
{
    enum { TASKS = 100000 };
    filch_runtime *rt = runtime(2);
    for (unsigned i = 0; i < TASKS; i++)
        OK(filch_go(rt, i % 8 ? count : count_by_forking, NULL));
    OK(filch_runtime_destroy(rt));
    cr_assert_eq(signpost_count(&gone), TASKS);
}

struct spread {
    filch_runtime *rt;
    unsigned depth;
};

static void spread(filch_self self, void *arg)
{
    struct spread *from = arg;
    for (unsigned i = 0; from->depth && i < 10; i++)
        if (filch_go(from->rt, spread, from + 1))
            filch_die("%s", filch_error());
    count(self, NULL);
}

Test(outside, destroy_runs_nested_detached_tasks)
{
    for (unsigned workers = 1; workers <= 4; workers++) {
        filch_runtime *rt = runtime(workers);
        struct spread levels[6];
        for (unsigned i = 0; i < 6; i++)
            levels[i] = (struct spread){rt, 5 - i};
        filch_u32_store(&gone, 0, FILCH_RELEASE);
        OK(filch_go(rt, spread, levels));
        OK(filch_runtime_destroy(rt));
        cr_assert_eq(signpost_count(&gone), 111111);
    }
}

static void wait_elsewhere(filch_self self, void *there)
{
    if (FILCH_RUN((filch_runtime *)there, fib, 10) == 55)
        signpost_raise(&gone);
}

Test(outside, destroy_waits_for_fibers_waiting_elsewhere)
{
    filch_runtime *elsewhere = runtime(1);
    for (unsigned i = 0; i < 50; i++) {
        filch_runtime *rt = runtime(2);
        OK(filch_go(rt, wait_elsewhere, elsewhere));
        OK(filch_runtime_destroy(rt));
        cr_assert_eq(signpost_count(&gone), i + 1);
    }
    OK(filch_runtime_destroy(elsewhere));
}

Test(outside, outside_work_is_counted)
{
    filch_runtime_stats stats;
    filch_runtime *rt = NULL;
    OK(filch_runtime_create(&rt, &(filch_config){.workers = 1, .guest = "0"}));
    for (unsigned i = 0; i < 10; i++)
        OK(filch_go(rt, count, NULL));
    for (unsigned i = 0; i < 5; i++)
        cr_assert_eq(FILCH_RUN(rt, fib, 2), 1);
    filch_runtime_stats_read(rt, FILCH_ALL_WORKERS, &stats, sizeof stats);
    cr_assert_eq(stats.outside, 15, "the runs came last, in a queue");
    OK(filch_runtime_destroy(rt));
}

static void go_on_here(filch_self self, void *rt)
{
    if (filch_runtime_here() != rt)
        filch_die("this is a task of another runtime");
    if (filch_go(NULL, count, NULL))
        filch_die("%s", filch_error());
    count(self, NULL);
}

Test(outside, detached_task_defaults_to_makers_runtime)
{
    filch_runtime *both[2] = {runtime(1), runtime(2)};
    for (unsigned i = 0; i < 2; i++)
        OK(filch_go(both[i], go_on_here, both[i]));
    for (unsigned i = 0; i < 2; i++)
        OK(filch_runtime_destroy(both[i]));
    cr_assert_eq(signpost_count(&gone), 4);
}

Test(outside, detached_task_outside_needs_runtime)
{
    cr_assert_null(filch_runtime_here());
    cr_assert_eq(filch_go(NULL, count, NULL), -EINVAL);
    cr_assert(strstr(filch_error(), "filch_go without a runtime") != NULL);
}
