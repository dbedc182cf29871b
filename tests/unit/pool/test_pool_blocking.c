/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * filch_pool_config.blocking: jobs run on threads for blocking calls. */
#include <errno.h>
#include <filch/pool.h>
#include <runtime/platform/futex.h>
#include <string.h>
#include <tests/support/pools.h>
#include <tests/support/test.h>

TestSuite(pool_blocking, .init = have_fibers);

static filch_pool *blocking_pool(unsigned width)
{
    return pool_of((filch_pool_config){.workers = 1, .width = width, .blocking = true});
}

static int is_outside(filch_self self, filch_job *job, void *data)
{
    return !self && job && filch_worker_index() == -1 && !filch_runtime_here() ? *(int *)data : -1;
}

Test(pool_blocking, functions_run_off_the_workers)
{
    filch_pool *pool = blocking_pool(1);
    int code = 0;
    filch_job *job = job_of(pool, is_outside, &code, NULL);
    OK(filch_job_wait(job, FILCH_FOREVER));
    filch_job_release(job);
    OK(filch_pool_destroy(pool));
}

/* Each blocks its thread until all are in progress: with one worker, only other threads can. */
enum { PARTIES = 3 };
static filch_u32 arrived;

static int meets_on_its_thread(filch_self self, filch_job *job, void *data)
{
    uint32_t now = filch_u32_add(&arrived, 1, FILCH_ACQ_REL) + 1;
    if (now == PARTIES)
        fl_futex_wake(&arrived, PARTIES);
    for (; now < PARTIES; now = filch_u32_load(&arrived, FILCH_ACQUIRE))
        fl_futex_wait_until(&arrived, now, FILCH_FOREVER);
    return 0;
}

Test(pool_blocking, blocked_jobs_hold_no_worker)
{
    filch_pool *pool = blocking_pool(PARTIES);
    for (int i = 0; i < PARTIES; i++)
        OK(FILCH_SUBMIT(pool, meets_on_its_thread, NULL));
    OK(filch_pool_wait(pool, FILCH_FOREVER));
    cr_assert_eq(stats_of(pool).outcomes[FILCH_SUCCEEDED], PARTIES);
    OK(filch_pool_destroy(pool));
}

static int explains(filch_self self, filch_job *job, void *data)
{
    return data ? filch_error_set(-EBADMSG, "%s", (const char *)data) : -EBADMSG;
}

static const struct {
    const char *claim;
    const char *given, *message;
} texts[] = {
    {"its own text", "page 7 is torn", "page 7 is torn"},
    {"no text", NULL, "Bad message"},
};

FOR_EACH(pool_blocking, texts_of_errors_reach_the_failure, texts)
{
    filch_pool *pool = blocking_pool(1);
    filch_job *job = job_of(pool, explains, (void *)(uintptr_t)one->given, NULL);
    cr_assert_eq(filch_job_wait(job, FILCH_FOREVER), -EBADMSG);
    cr_assert_str_eq(filch_job_failure(job)->message, one->message);
    filch_job_release(job);
    OK(filch_pool_destroy(pool));
}

static int waits_until_cancelled(filch_self self, filch_job *job, void *begun)
{
    filch_u32_store(begun, 1, FILCH_RELEASE);
    fl_futex_wake(begun, 1);
    return filch_context_wait(filch_job_context(job), FILCH_FOREVER);
}

Test(pool_blocking, cancelled_jobs_see_their_context_done)
{
    filch_pool *pool = blocking_pool(1);
    filch_u32 begun = {0};
    filch_job *job = job_of(pool, waits_until_cancelled, &begun, NULL);
    while (!filch_u32_load(&begun, FILCH_ACQUIRE))
        fl_futex_wait_until(&begun, 0, FILCH_FOREVER);
    OK(filch_job_cancel(job));
    cr_assert_eq(filch_job_wait(job, FILCH_FOREVER), -ECANCELED);
    cr_assert_eq(filch_job_outcome(job), FILCH_CANCELLED);
    filch_job_release(job);
    OK(filch_pool_destroy(pool));
}
