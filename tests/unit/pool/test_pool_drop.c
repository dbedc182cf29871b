/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The function that releases a job's data may panic. */
#include <tests/support/pools.h>
#include <tests/support/system.h>
#include <tests/support/tasks.h>
#include <tests/support/test.h>

static signpost reported, dropped;

static void note_panic(const filch_failure *failure)
{
    if (failure->code == -EBADMSG && failure->task && !strcmp(failure->task, "spills"))
        signpost_raise(&reported);
}

static void spill(void *data)
{
    signpost_raise(&dropped);
    FILCH_PANIC(-EBADMSG, "spilt");
}

static const filch_job_options spills = {.name = "spills", .drop = spill};

Test(pool_drop, drop_panic_reaches_handler_pool_continues)
{
    /* One worker, which is kept busy: no task is the last to let go before this thread is. */
    static const filch_pool_config configs[] = {{.workers = 1, .width = 1}, {.workers = 1}};
    filch_panic_handler *before = filch_set_panic_handler(note_panic);
    for (unsigned i = 0; i < 2; i++) {
        gate at;
        filch_job *job;
        filch_pool *pool = pool_of(configs[i]);
        at = (gate){0};
        reported = dropped = (signpost){0};
        cr_assert_eq(FILCH_SUBMIT(pool, hog, &at), 0);
        signpost_wait(&at.begun, 1);
        OK(filch_pool_submit(NULL, pool, succeeds, NULL, &spills, FILCH_FOREVER));
        OK(filch_pool_submit(&job, pool, succeeds, NULL, &spills, FILCH_FOREVER));
        filch_job_cancel(job); /* this one ends in a task of its own */
        filch_job_release(job);
        signpost_raise(&at.go);
        signpost_wait(&reported, 2);
        cr_assert_eq(FILCH_SUBMIT(pool, succeeds, NULL), 0);
        OK(filch_pool_destroy(pool));
        cr_assert_eq(signpost_count(&dropped), 2);
    }
    filch_set_panic_handler(before);
}

static int releases(filch_self self, filch_job *job, void *held)
{
    filch_job_release(held);
    return 0;
}

Test(pool_drop, drop_panic_spares_releasing_job)
{
    filch_panic_handler *before = filch_set_panic_handler(note_panic);
    filch_job *held, *job;
    filch_pool *pool = pool_of((filch_pool_config){.workers = 2, .width = 1});
    reported = (signpost){0};
    OK(filch_pool_submit(&held, pool, succeeds, NULL, &spills, FILCH_FOREVER));
    OK(filch_pool_wait(pool, FILCH_FOREVER));
    OK(filch_pool_submit(&job, pool, releases, held, NULL, FILCH_FOREVER));
    OK(filch_job_wait(job, FILCH_FOREVER));
    signpost_wait(&reported, 1);
    filch_job_release(job);
    OK(filch_pool_destroy(pool));
    filch_set_panic_handler(before);
}

static void release_outside(void)
{
    filch_pool *pool;
    filch_job *job;
    CHILD_CHECK(!filch_pool_create(&pool, &(filch_pool_config){.workers = 1, .width = 1}));
    CHILD_CHECK(!filch_pool_submit(&job, pool, succeeds, NULL, &spills, FILCH_FOREVER));
    CHILD_CHECK(!filch_pool_destroy(pool));
    filch_job_release(job);
}

Test(pool_drop, drop_panic_outside_tasks_is_fatal)
{
    struct child child;
    child_run(&child, release_outside);
    cr_assert(child_died(&child, "drop of job spills"), "%s", child.text);
    cr_assert(child_died(&child, "spilt"), "%s", child.text);
}
