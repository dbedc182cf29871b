/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A job in progress: the call of its function, and its outcome. B9 is an edge of
 * runtime/pool/pool.h. */
#include <runtime/pool/perform.h>

#include <runtime/engine/events.h>
#include <runtime/engine/fiber.h>
#include <runtime/engine/panic.h>
#include <runtime/engine/worker.h>
#include <runtime/platform/clock.h>
#include <runtime/platform/error.h>
#include <runtime/platform/lock.h>
#include <runtime/pool/attempt.h>
#include <runtime/pool/job.h>
#include <runtime/pool/job_context.h>
#include <runtime/pool/order.h>
#include <runtime/pool/parts.h>
#include <runtime/pool/pool.h>
#include <runtime/pool/room.h>
#include <runtime/pool/runner.h>
#include <runtime/pool/stuck.h>
#include <runtime/resilience/aimd.h>
#include <runtime/trace/format.h>

#include <errno.h>

void fl_job_record(filch_distribution *distribution, filch_job *job)
{
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
    const fl_job_more *more = fl_more(job);
    filch_context *context = fl_context_of(job);
    uint32_t own = more ? filch_u32_load(&more->cause, FILCH_ACQUIRE) : 0; /* B9 */
    int cause = -(int)(own & ~FL_SUCCEEDED);
    if (!cause && context)
        cause = filch_context_cause(context);
    return cause ? cause : filch_context_cause(job->pool->context);
}

/* The outcome that a function's return code, which is not 0, stands for. */
static filch_outcome meaning(const filch_job *job, int code)
{
    int cause = fl_job_cause(job);
    if (cause && code == -ETIMEDOUT)
        return FILCH_TIMED_OUT;
    if (cause && code == -ECANCELED)
        return fl_outcome_of_cause(cause); /* of a wait, too, that the context has ended */
    return cause && code == cause ? FILCH_CANCELLED : FILCH_FAILED;
}

/* why->code 0: the usual words for the outcome. */
filch_outcome fl_job_run(filch_self self, filch_job *job, filch_failure *why)
{
    int cause = fl_job_cause(job);
    struct call call = {job, 0};
    why->code = 0;
    if (cause)
        return fl_outcome_of_cause(cause);
    fl_error_forget();
    fl_event_text(fl_fiber_of(self)->worker, FL_TRACE_POOLED, job->pool->config.name, job->name, 0);
    fl_fiber_of(self)->ends_with = (fl_ends_with){fl_job_context_here, job};
    bool returned = fl_catch(self, job->name, call_job, &call, why);
    fl_fiber_of(self)->ends_with = (fl_ends_with){0};
    fl_event(fl_fiber_of(self)->worker, FL_TRACE_POOLED_END, fl_fiber_of(self)->number, 0);
    if (!returned)
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

/* An adaptive pool's width follows the times of its jobs. Under the lock. */
static void adapt(filch_job *job, filch_outcome outcome, fl_after *after)
{
    filch_pool *pool = job->pool;
    if (!pool->config.adaptive || !filch_job_attempts(job))
        return;
    int64_t now = fl_now(), latency = now - fl_trials(job)->attempts.began;
    fl_aimd_call_over(&pool->aimd, adaptive_outcome(outcome), latency, now);
    bool wider = pool->aimd.limit > pool->stats.width;
    pool->stats.width = pool->aimd.limit;
    if (wider) {
        fl_pool_rouse(pool, after);
        fl_pool_admit(pool, after);
    }
}

/* It has returned for good; under the lock. true: that was its outcome. */
static bool end(filch_job *job, filch_outcome outcome, const filch_failure *why, fl_after *after)
{
    bool decided = fl_job_decide(job, outcome, why->code ? why : NULL, after);
    fl_job_become(job, FL_JOB_ENDED);
    fl_job_give_place(job);
    if (fl_more(job))
        fl_row_leave(&job->pool->in_progress, job);
    return decided;
}

/* Once it has ended, neither its last holder nor a future that is told touches the pool. Under the
 * lock. */
static bool is_quiet(const filch_job *job, const fl_after *after)
{
    const fl_job_more *more = fl_more(job);
    if (!more)
        return true;
    bool silent = !more->done && !more->drop && !more->results && !fl_rare(job);
    return silent && (!after->told || job->outcome == FILCH_SUCCEEDED);
}

/* It is no longer counted as running. */
static void leave(filch_pool *pool, bool beyond, fl_after *after)
{
    fl_pool_progressed(pool, beyond);
    fl_pool_admit(pool, after);
}

bool fl_job_end(filch_self self, fl_ended *ended, fl_after *after)
{
    filch_job *job = ended->job;
    job->settling = false;
    ended->tells = end(job, ended->outcome, &ended->why, after);
    if (is_quiet(job, after)) {
        fl_fiber_of(self)->on_runner = false;
        leave(job->pool, job->beyond, after);
        return true;
    }
    ended->tells |= job->more->late;
    adapt(job, ended->outcome, after);
    fl_stuck_leave(job);
    return false;
}

/* Until `done` and `drop` have returned the job is counted as running. */
void fl_job_end_aloud(filch_self self, const fl_ended *ended, fl_after *after)
{
    filch_job *job = ended->job;
    filch_pool *pool = job->pool;
    bool beyond = job->beyond;
    if (ended->tells)
        fl_job_tell(self, job);
    fl_fiber_of(self)->on_runner = false;
    fl_attempts_leave(job);
    fl_job_unwatch(job);
    fl_job_drop(job);
    fl_lock(&pool->room.lock);
    leave(pool, beyond, after);
}

bool fl_job_perform_but_end(filch_self self, filch_job *job, fl_ended *ended)
{
    fl_fiber *fiber = fl_fiber_of(self);
    filch_failure *why = &ended->why;
    int64_t again;
    fl_job_comes_to(fiber, job);
    fiber->on_runner = true;
    filch_outcome outcome = fl_attempt(self, job, why, &again);
    fiber->pooled = NULL;
    if (again && fl_delay(job, again)) { /* it may run elsewhere by now */
        fiber->on_runner = false;
        return false;
    }
    if (again && fl_awaits_leave(&fl_trials(job)->attempts) && fl_job_cause(job))
        outcome = fl_job_run(self, job, why); /* it was cancelled: this attempt never began */
    ended->job = job;
    ended->outcome = fl_attempts_end(self, job, outcome, why);
    return true;
}

void fl_job_finish(filch_self self, fl_ended *ended)
{
    filch_pool *pool = ended->job->pool;
    fl_after after = {0};
    fl_lock(&pool->room.lock);
    bool quiet = fl_job_end(self, ended, &after);
    fl_pool_leave(pool, &after);
    if (quiet) {
        fl_job_drop(ended->job);
        return;
    }
    after = (fl_after){0};
    fl_job_end_aloud(self, ended, &after);
    fl_pool_leave(pool, &after);
}

void fl_job_perform(filch_self self, filch_job *job)
{
    fl_ended ended;
    if (fl_job_perform_but_end(self, job, &ended))
        fl_job_finish(self, &ended);
}
