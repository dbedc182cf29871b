/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Jobs that come too late: their contexts are done by the time they are accepted. They have an
 * outcome at once, and never wait. */
#include <runtime/pool/job.h>
#include <runtime/pool/pool.h>
#include <runtime/pool/submit.h>
#include <tests/support/pools.h>
#include <tests/support/test.h>

/* Its only worker is busy until at->go. */
static filch_pool *busy_pool(filch_pool_config config, gate *at)
{
    config.workers = 1;
    filch_pool *pool = pool_of(config);
    *at = (gate){0};
    cr_assert_eq(FILCH_SUBMIT(pool, hog, at), 0);
    signpost_wait(&at->begun, 1);
    return pool;
}

/* Its context becomes done between its making and its acceptance. NULL: it is refused. */
static filch_job *late_job(filch_pool *pool, fate *of, int cause)
{
    filch_job *job;
    unsigned accepted = 0;
    const filch_job_options options = {.done = fate_told, .drop = fate_dropped, .key = "late"};
    cr_assert_eq(fl_job_make(&job, pool, succeeds, of, &options, true), 0);
    OK(filch_context_cancel(filch_job_context(job), cause));
    int rc = fl_jobs_submit(pool, &job, 1, FILCH_FOREVER, &accepted);
    cr_assert_eq(accepted, !rc);
    if (!rc)
        return job;
    cr_assert_eq(rc, cause);
    fl_job_give_up(job);
    return NULL;
}

static const struct {
    int cause, result;
    filch_outcome outcome;
} ends[] = {{-ETIMEDOUT, -ETIMEDOUT, FILCH_TIMED_OUT},
            {-ECANCELED, -ECANCELED, FILCH_CANCELLED},
            {-EIO, -ECANCELED, FILCH_CANCELLED}};
enum { ENDS = sizeof ends / sizeof *ends };

/* Each of them. The pool is destroyed. */
static void expect_outcomes_at_once(filch_pool *pool, gate *at)
{
    fate of[ENDS] = {0};
    uint64_t waiting = stats_of(pool).waiting;
    for (unsigned i = 0; i < ENDS; i++) {
        filch_job *job = late_job(pool, &of[i], ends[i].cause);
        cr_assert_not_null(job, "it is accepted, and the one before has left the key");
        cr_assert_eq(filch_job_outcome(job), ends[i].outcome);
        cr_assert_eq(filch_job_wait(job, 0), ends[i].result);
        cr_assert_eq(filch_job_cancel(job), -EALREADY);
        cr_assert_eq(filch_job_set_priority(job, 1), -EALREADY);
        cr_assert_eq(stats_of(pool).waiting, waiting, "it takes no room");
        filch_job_release(job);
    }
    signpost_raise(&at->go);
    cr_assert_eq(filch_pool_destroy(pool), 0, "and all that were accepted have an outcome");
    for (unsigned i = 0; i < ENDS; i++) {
        cr_assert_eq(fate_outcome(&of[i]), ends[i].outcome);
        cr_assert_eq(signpost_count(&of[i].dropped), 1);
    }
}

Test(pool_late, late_job_is_decided_at_once)
{
    for (unsigned order = 0; order < FILCH_ORDERS; order++)
        for (unsigned width = 0; width < 2; width++) {
            gate at;
            expect_outcomes_at_once(busy_pool((filch_pool_config){.width = width, .order = order},
                                              &at),
                                    &at);
        }
}

Test(pool_late, full_pool_decides_late_job_immediately)
{
    static const filch_when_full policies[] = {FILCH_FULL_RUN, FILCH_FULL_DROP_OLDEST,
                                               FILCH_FULL_DROP_NEWEST};
    for (unsigned i = 0; i < sizeof policies / sizeof *policies; i++) {
        gate at;
        fate first = {0};
        filch_pool *pool =
            busy_pool((filch_pool_config){.width = 1, .capacity = 1, .full = policies[i]}, &at);
        cr_assert_eq(FILCH_SUBMIT_AS(pool, succeeds, &first, .done = fate_told), 0);
        expect_outcomes_at_once(pool, &at);
        cr_assert_eq(fate_outcome(&first), FILCH_SUCCEEDED, "nobody is dropped for it");
    }
}

Test(pool_late, late_job_is_refused_without_room)
{
    gate at;
    fate of = {0};
    filch_pool *pool = busy_pool((filch_pool_config){.width = 1, .capacity = 1}, &at);
    cr_assert_eq(FILCH_SUBMIT(pool, succeeds, NULL), 0);
    for (unsigned i = 0; i < ENDS; i++)
        cr_assert_null(late_job(pool, &of, ends[i].cause));
    cr_assert_eq(stats_of(pool).refused, ENDS);
    signpost_raise(&at.go);
    OK(filch_pool_destroy(pool));
    cr_assert_eq(fate_count(&of) + signpost_count(&of.dropped), 0);
}

Test(pool_late, nanosecond_deadline_waits_for_no_runner)
{
    gate at;
    filch_pool *pool = busy_pool((filch_pool_config){.width = 1}, &at);
    for (unsigned i = 0; i < 50; i++) {
        filch_job *job = job_of(pool, succeeds, NULL, &(filch_job_options){.timeout = 1});
        cr_assert_eq(filch_job_wait(job, FILCH_FOREVER), -ETIMEDOUT);
        filch_job_release(job);
    }
    signpost_raise(&at.go);
    OK(filch_pool_destroy(pool));
}
