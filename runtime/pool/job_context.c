/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A job's own context, created at the first request, and the job's watch of it: a pending callback.
 * L3 is an edge of runtime/pool/pool.h. */
#include <runtime/pool/job_context.h>

#include <runtime/platform/container.h>
#include <runtime/platform/given.h>
#include <runtime/platform/lock.h>
#include <runtime/pool/due.h>
#include <runtime/pool/job.h>
#include <runtime/pool/parts.h>
#include <runtime/pool/pending_callback.h>
#include <runtime/pool/pool.h>
#include <runtime/pool/stuck.h>
#include <runtime/sync/wait.h>

#include <errno.h>
#include <stdlib.h>

/* ---- The watch ---- */

static void after_context(filch_self self, filch_job *job)
{
    if (fl_rare(job)->tells)
        fl_job_tell(self, job);
}

/* Its context is done. A job in progress sees that, and states its outcome itself; but its deadline
 * is final. */
static void context_done(fl_waiter *watcher)
{
    fl_job_rare *rare = FL_CONTAINER_OF(watcher, fl_job_rare, watcher);
    filch_job *job = rare->job;
    filch_pool *pool = job->pool;
    filch_outcome outcome = fl_outcome_of_cause(watcher->code);
    fl_after after = {0};
    fl_lock(&pool->room.lock);
    const bool runs = job->stage == FL_JOB_RUNNING;
    if ((!runs || outcome == FILCH_TIMED_OUT) && fl_job_decide(job, outcome, NULL, &after) &&
        runs) {
        fl_stuck_watch(job);
        job->more->late = job->more->after_return;
        rare->tells = !job->more->late;
    }
    fl_pool_leave(pool, &after);
    fl_pending_callback_go(&rare->after, job, after_context);
}

int fl_job_watch(filch_job *job)
{
    fl_job_rare *rare = fl_rare(job);
    filch_context *context = fl_context_of(job);
    rare->watcher = (fl_waiter){.told = context_done};
    rare->watch = (fl_node){.waiter = &rare->watcher};
    fl_lock(&context->lock);
    int cause = filch_context_cause(context);
    rare->watched = !cause;
    if (rare->watched) {
        fl_waiters_add(&context->waiters, &rare->watch);
        fl_pending_callback_begin(job);
    }
    fl_unlock(&context->lock);
    return cause;
}

/* When it is ENDED, after which no watch begins. The watcher's claimant ends the pending callback,
 * else this does. No lock. */
void fl_job_unwatch(filch_job *job)
{
    fl_job_rare *rare = fl_rare(job);
    if (!rare || !rare->watched)
        return;
    filch_context *context = fl_context_of(job);
    fl_lock(&context->lock);
    bool mine = fl_waiter_claim(&rare->watcher);
    if (mine)
        fl_waiters_remove(&context->waiters, &rare->watch);
    fl_unlock(&context->lock);
    if (mine)
        fl_pending_callback_end(job);
}

/* ---- Its creation ---- */

/* For jobs whose own context has no memory: it is done, so that they end. */
static filch_context no_memory = {
    .deadline = FILCH_FOREVER, .cause = {ENOMEM}, .users = {1}, .refs = {1}, .life = FL_LIVES};

/* *until: the deadline for a new one. */
static filch_context *look(filch_job *job, int64_t *until)
{
    fl_lock(&job->pool->room.lock);
    filch_context *context = fl_context_of(job);
    *until = fl_due_of_context(job);
    fl_unlock(&job->pool->room.lock);
    return context;
}

/* The job has `context` from now on. It has no waiters yet, so cancelling it calls none. */
static void take_over(filch_job *job, filch_context *context, fl_after *after)
{
    fl_job_more *more = job->more;
    uint32_t cause =
        filch_u32_load(&more->cause, FILCH_RELAXED) & ~FL_SUCCEEDED; /* under the lock */
    filch_ptr_store(&fl_rare(job)->context, context, FILCH_RELEASE); /* L3 */
    if (job->outcome == FILCH_UNDECIDED && !fl_run_timeout(job))
        fl_due_leave(job);
    if (cause)
        filch_context_cancel(context, -(int)cause);
    if (job->stage == FL_JOB_NEW || job->stage == FL_JOB_ENDED)
        return;
    int done = fl_job_watch(job);
    if (done && !cause)
        fl_job_call_off(job, done, after);
}

filch_context *fl_job_context_here(void *job)
{
    filch_context *context = filch_job_context(job);
    return context == &no_memory ? NULL : context;
}

filch_context *fl_job_own_context(filch_job *job)
{
    filch_pool *pool = job->pool;
    int64_t until;
    filch_context *context = look(job, &until), *made = NULL;
    if (context)
        return context;
    fl_job_rare *rare = calloc(1, sizeof *rare);
    if (!rare || filch_context_create_until(&made, pool->context, until)) {
        free(rare);
        return &no_memory;
    }
    fl_after after = {0};
    fl_pool_lock_for(job);
    if (!fl_rare(job)) {
        rare->job = job;
        filch_ptr_store(&job->more->rare, rare, FILCH_RELEASE); /* L3 */
        rare = NULL;
    }
    if (!fl_context_of(job)) {
        take_over(job, made, &after);
        made = NULL;
    }
    context = fl_context_of(job);
    fl_pool_leave(pool, &after);
    filch_context_release(made);
    free(rare);
    return context;
}
