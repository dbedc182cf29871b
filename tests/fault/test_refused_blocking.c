/* SPDX-License-Identifier: MIT OR Apache-2.0
 * test: needs refusals
 *
 * Blocking calls where the system refuses threads or memory for them: without any the call says so
 * and the task is where it was; with some it waits for its turn. */
#include <tests/support/refuse.h>
#include <tests/support/tasks.h>
#include <tests/support/test.h>
#include <unistd.h>

FILCH_TASK(int, begins)
{
    int where = filch_worker_index(), rc = filch_blocking_begin();
    if (rc)
        return filch_worker_index() == where ? rc : 1;
    filch_blocking_end();
    return 0;
}

static void count(void *arg)
{
    ++*(int *)arg;
}

FILCH_TASK(int, calls, (int *, calls_made))
{
    return filch_blocking(count, calls_made);
}

static filch_runtime *runtime(void)
{
    filch_runtime *rt = NULL;
    filch_config config = {.workers = 2, .max_fibers = 100};
    cr_assert_eq(filch_runtime_create(&rt, &config), 0, "%s", filch_error());
    return rt;
}

static void refused_at_first(enum refusable what, int error)
{
    filch_runtime *rt = runtime();
    int made = 0;
    refuse(what, 0, true);
    int rcs[] = {FILCH_RUN(rt, begins), FILCH_RUN(rt, calls, &made)};
    cr_assert_geq(refuse_no_more(what), 2);
    cr_assert_eq(rcs[0], -error);
    cr_assert_eq(rcs[1], -error);
    cr_assert_eq(made, 0, "it was not called");
    cr_assert_eq(FILCH_RUN(rt, begins), 0, "it works as soon as the system does");
    cr_assert_eq(FILCH_RUN(rt, calls, &made), 0);
    cr_assert_eq(made, 1);
    OK(filch_runtime_destroy(rt));
}

Test(refused_blocking, missing_thread_fails_call_without_running)
{
    refused_at_first(THREADS, EAGAIN);
    refused_at_first(MEMORY, ENOMEM);
}

/* ---- One thread, and no more ---- */

static signpost inside, released, done;

static void stay_inside(filch_self self, void *unused)
{
    OK(filch_blocking_begin());
    signpost_raise(&inside);
    signpost_wait(&released, 1);
    filch_blocking_end();
    signpost_raise(&done);
}

static void call_then(filch_self self, void *arg)
{
    OK(filch_blocking(count, arg));
    signpost_raise(&done);
}

Test(refused_blocking, calls_queue_behind_existing_thread)
{
    enum { CALLS = 8 };
    filch_runtime *rt = runtime();
    int made[CALLS] = {0};
    OK(filch_go(rt, stay_inside, NULL));
    signpost_wait(&inside, 1);
    refuse(THREADS, 0, true);
    for (unsigned i = 0; i < CALLS; i++)
        OK(filch_go(rt, call_then, &made[i]));
    WAIT_WHILE(__atomic_load_n(&refusals[THREADS].count, __ATOMIC_RELAXED) < CALLS);
    cr_assert_eq(signpost_count(&done), 0);
    signpost_raise(&released);
    signpost_wait(&done, 1 + CALLS);
    refuse_no_more(THREADS);
    for (unsigned i = 0; i < CALLS; i++)
        cr_assert_eq(made[i], 1);
    OK(filch_runtime_destroy(rt));
}
