/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A job's own context is created when somebody asks for it; deadlines and cancellation come in time
 * with and without it. All workers compute meanwhile. */
#include <pthread.h>
#include <runtime/pool/pool.h>
#include <tests/support/pools.h>
#include <tests/support/test.h>

enum { MS = 1000000 };

static filch_pool *hogged_pool(filch_pool_config config, gate *at)
{
    config.workers = 1;
    filch_pool *pool = pool_of(config);
    *at = (gate){0};
    cr_assert_eq(FILCH_SUBMIT(pool, hog, at), 0);
    signpost_wait(&at->begun, 1);
    return pool;
}

static void end(filch_pool *pool, gate *at)
{
    signpost_raise(&at->go);
    OK(filch_pool_destroy(pool));
}

static bool has_context(const filch_job *job)
{
    return fl_context_of(job);
}

/* A direct pool's jobs too. */
static const filch_pool_config kinds[] = {{.width = 0}, {.width = 1}, {.order = FILCH_EARLIEST}};
enum { KINDS = sizeof kinds / sizeof *kinds };

Test(job_context, waiting_job_without_context_times_out)
{
    for (int i = 0; i < KINDS; i++) {
        gate at;
        filch_pool *pool = hogged_pool(kinds[i], &at);
        filch_job *late = job_of(pool, succeeds, NULL,
                                 &(filch_job_options){.timeout = 3600 * FILCH_SECOND}),
                  *job = job_of(pool, succeeds, NULL, &(filch_job_options){.timeout = MS});
        cr_assert_eq(filch_job_wait(job, FILCH_FOREVER), -ETIMEDOUT);
        cr_assert(!has_context(job) && !has_context(late));
        cr_assert_eq(filch_context_cause(filch_job_context(job)), -ETIMEDOUT);
        cr_assert_eq(filch_job_outcome(late), FILCH_UNDECIDED);
        filch_job_release(job);
        filch_job_release(late);
        end(pool, &at);
    }
}

Test(job_context, waiting_jobs_context_can_be_cancelled)
{
    for (int i = 0; i < KINDS; i++)
        for (int timeout = 0; timeout < 2; timeout++) {
            gate at;
            filch_pool *pool = hogged_pool(kinds[i], &at);
            filch_job *job =
                job_of(pool, succeeds, NULL,
                       &(filch_job_options){.timeout = timeout ? 3600 * FILCH_SECOND : 0});
            filch_context *context = filch_job_context(job);
            cr_assert_eq(context, filch_job_context(job), "there is one");
            cr_assert_neq(context, pool->context);
            cr_assert_eq(filch_context_cause(context), 0);
            OK(filch_context_cancel(context, -EIO));
            cr_assert_eq(filch_job_wait(job, 0), -ECANCELED);
            filch_job_release(job);
            end(pool, &at);
        }
}

Test(job_context, cancelling_a_waiting_job_needs_none)
{
    for (int i = 0; i < KINDS; i++) {
        gate at;
        filch_pool *pool = hogged_pool(kinds[i], &at);
        filch_job *job = job_of(pool, succeeds, NULL, NULL);
        OK(filch_job_cancel(job));
        cr_assert_eq(filch_job_wait(job, 0), -ECANCELED);
        cr_assert_eq(filch_job_cancel(job), -EALREADY);
        cr_assert(!has_context(job));
        cr_assert_eq(filch_context_cause(filch_job_context(job)), -ECANCELED);
        filch_job_release(job);
        end(pool, &at);
    }
}

Test(job_context, pool_context_cancels_contextless_jobs_immediately)
{
    for (int i = 0; i < KINDS; i++) {
        gate at;
        filch_context *above;
        OK(filch_context_create(&above, NULL));
        filch_pool_config config = kinds[i];
        config.context = above;
        filch_pool *pool = hogged_pool(config, &at);
        filch_job *job = job_of(pool, succeeds, NULL, NULL);
        OK(filch_context_cancel(above, -EIO));
        cr_assert_eq(filch_job_wait(job, 0), -ECANCELED);
        filch_job_release(job);
        end(pool, &at);
        filch_context_release(above);
    }
}

/* ---- In progress ---- */

typedef struct asked {
    gate at;
    signpost told;
    filch_context *first, *second;
    bool early;
} asked;

static int asks(filch_self self, filch_job *job, void *data)
{
    asked *it = data;
    if (it->early)
        it->first = filch_job_context(job);
    signpost_raise(&it->at.begun);
    WAIT_WHILE(!signpost_count(&it->at.go));
    it->second = filch_job_context(job);
    return filch_context_cause(it->second);
}

static void told(filch_job *job, filch_outcome outcome, const filch_failure *why, void *data)
{
    asked *it = data;
    cr_assert_eq(outcome, FILCH_TIMED_OUT);
    cr_assert_eq(why->code, -ETIMEDOUT);
    signpost_raise(&it->told);
}

Test(job_context, deadline_times_out_any_running_job)
{
    for (int i = 0; i < KINDS; i++)
        for (int early = 0; early < 2; early++) {
            asked it = {.early = early};
            filch_pool_config config = kinds[i];
            config.workers = 2;
            config.width = config.order || config.width ? 2 : 0;
            filch_pool *pool = pool_of(config);
            filch_job *job =
                job_of(pool, asks, &it, &(filch_job_options){.timeout = 20 * MS, .done = told});
            signpost_wait(&it.told, 1); /* while its function runs, or before it began */
            cr_assert_eq(filch_job_wait(job, 0), -ETIMEDOUT);
            signpost_raise(&it.at.go);
            filch_job_release(job);
            OK(filch_pool_destroy(pool));
            if (it.second)
                cr_assert(!early || it.first == it.second, "there is one");
            cr_assert_eq(signpost_count(&it.told), 1);
        }
}

/* ---- After its end ---- */

Test(job_context, context_asked_after_end_outlives_pool)
{
    for (int i = 0; i < KINDS; i++) {
        gate at;
        filch_pool *pool = hogged_pool(kinds[i], &at);
        signpost_raise(&at.go);
        filch_job *job = job_of(pool, succeeds, NULL, NULL);
        OK(filch_job_wait(job, FILCH_FOREVER));
        OK(filch_pool_wait(pool, FILCH_FOREVER));
        cr_assert_neq(filch_job_context(job), pool->context);
        OK(filch_pool_destroy(pool));
        filch_job_release(job);
    }
}

/* ---- The end of a pool beside that of its context ---- */

static void *cancels(void *context)
{
    filch_context_cancel(context, -ECANCELED);
    return NULL;
}

Test(job_context, pool_destroy_may_race_context_cancel)
{
    filch_runtime *rt = config_runtime(1, 0);
    for (int i = 0; i < 50; i++) {
        filch_context *above;
        pthread_t thread;
        OK(filch_context_create(&above, NULL));
        filch_pool *pool =
            pool_of((filch_pool_config){.runtime = rt, .width = 1, .context = above});
        filch_job *job = job_of(pool, succeeds, NULL, NULL);
        cr_assert_eq(pthread_create(&thread, NULL, cancels, above), 0);
        OK(filch_pool_destroy(pool));
        pthread_join(thread, NULL);
        filch_outcome outcome = filch_job_outcome(job);
        cr_assert(outcome == FILCH_SUCCEEDED || outcome == FILCH_CANCELLED);
        filch_job_release(job);
        filch_context_release(above);
    }
    OK(filch_runtime_destroy(rt));
}
