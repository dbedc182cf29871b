/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A job in progress: its function is called, and what becomes of it then. */
#include <runtime/pool/order.h>

#include <runtime/core/clock.h>
#include <runtime/core/error.h>
#include <runtime/core/panic.h>

#include <errno.h>

void fl_job_record(filch_distribution *distribution, filch_job *job)
{
    if (!distribution)
        return;
    int64_t now = fl_now();
    filch_distribution_record(distribution, now - job->since);
    job->since = now;
}

struct call {
    filch_job *job;
    int code;
};

static void call_job(filch_self self, void *arg)
{
    struct call *call = arg;
    filch_job *job = call->job;
    const filch_task named = {.name = job->name};
    call->code = job->fn(self, job, job->data);
    filch_check_return(self, &named);
}

/* Also after filch_pool_shutdown_now has looked at those in progress. */
int fl_job_cause(const filch_job *job)
{
    int cause = fl_more(job) ? filch_context_cause(job->more->context) : 0;
    return cause ? cause : filch_context_cause(job->pool->context);
}

/* What a function that has returned means by its code, which is not 0. */
static filch_outcome meaning(const filch_job *job, int code)
{
    int cause = fl_job_cause(job);
    if (cause && code == -ETIMEDOUT)
        return FILCH_TIMED_OUT;
    return cause && (code == -ECANCELED || code == cause) ? FILCH_CANCELLED : FILCH_FAILED;
}

/* why->code 0: what is said of such outcomes. */
filch_outcome fl_job_run(filch_self self, filch_job *job, filch_failure *why)
{
    int cause = fl_job_cause(job);
    struct call call = {job, 0};
    why->code = 0;
    if (cause)
        return fl_outcome_of_cause(cause);
    fl_error_forget();
    if (!fl_catch(self, job->name, call_job, &call, why))
        return FILCH_PANICKED;
    if (!call.code)
        return FILCH_SUCCEEDED;
    *why = (filch_failure){.code = fl_is_errno(call.code) ? call.code : -EINVAL, .task = job->name};
    fl_failure_explain(why, call.code);
    return meaning(job, call.code);
}

static filch_adaptive_outcome adaptive_outcome(filch_outcome outcome)
{
    if (outcome == FILCH_CANCELLED)
        return FILCH_ADAPTIVE_IGNORE;
    return outcome == FILCH_TIMED_OUT ? FILCH_ADAPTIVE_OVERLOAD : FILCH_ADAPTIVE_OK;
}

/* An adaptive pool's width follows what jobs take. Under the lock. */
static void adapt(filch_job *job, filch_outcome outcome, fl_after *after)
{
    filch_pool *pool = job->pool;
    if (!pool->config.adaptive || !filch_job_attempts(job))
        return;
    int64_t now = fl_now(), latency = now - job->more->attempts.began;
    fl_aimd_call_over(&pool->aimd, adaptive_outcome(outcome), latency, now);
    bool wider = pool->aimd.limit > pool->stats.width;
    pool->stats.width = pool->aimd.limit;
    if (wider)
        fl_pool_rouse(pool, after);
}

/* It has returned for good. true: this was its outcome. */
static bool end(filch_job *job, filch_outcome outcome, const filch_failure *why)
{
    filch_pool *pool = job->pool;
    fl_after after = {0};
    fl_lock(&pool->room.lock);
    if (fl_more(job))
        job->more->settling = false;
    bool decided = fl_job_decide(job, outcome, why->code ? why : NULL, &after);
    adapt(job, outcome, &after);
    job->stage = FL_JOB_ENDED;
    fl_row_leave(&pool->in_progress, job);
    if (fl_more(job))
        fl_stuck_leave(job);
    fl_pool_leave(pool, &after); /* it is still counted as running */
    return decided;
}

void fl_job_perform(filch_self self, filch_job *job)
{
    filch_pool *pool = job->pool;
    fl_fiber *fiber = fl_fiber_of(self);
    filch_failure why;
    int64_t again;
    fl_job_comes_to(fiber, job);
    fiber->on_runner = true;
    filch_outcome outcome = fl_attempt(self, job, &why, &again);
    fiber->pooled = NULL;
    if (again && fl_delay(job, again)) { /* it may run elsewhere by now */
        fiber->on_runner = false;
        return;
    }
    if (again && job->more->attempts.permitted && fl_job_cause(job))
        outcome = fl_job_run(self, job, &why); /* that it was cancelled: this attempt never began */
    if (end(job, fl_attempts_end(self, job, outcome, &why), &why))
        fl_job_tell(self, job);
    fiber->on_runner = false;
    fl_attempts_leave(job);
    fl_job_unwatch(job);
    fl_job_drop(job);
    fl_lock(&pool->room.lock);
    pool->stats.running--;
    fl_pool_leave(pool, &(fl_after){0});
}
