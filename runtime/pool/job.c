/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A job: its life, its watch, its outcome. B4 is an edge of runtime/pool/pool.h. */
#include <runtime/pool/order.h>
#include <runtime/pool/results.h>

#include <runtime/core/call.h>
#include <runtime/core/clock.h>
#include <runtime/core/container.h>
#include <runtime/core/error.h>
#include <runtime/core/panic.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- Life ---- */

bool fl_job_is_plain(const filch_pool *pool, const filch_job_options *options, bool handle)
{
    return !handle && !options->done && !options->drop && !options->context && !options->timeout &&
           !options->retry && !options->key && !options->trace && !options->results &&
           !pool->config.results && !pool->config.timeout && pool->config.full != FILCH_FULL_RUN &&
           !fl_has_policies(&pool->config);
}

/* It may wait where no worker looks at its context. */
static bool may_be_delayed(const filch_pool *pool, const filch_job_options *options)
{
    return options->retry || pool->config.retry || pool->config.limiter;
}

/* One of its own only if it can be done before the pool's is, or has to be watched for it. */
static int make_context(filch_pool *pool, fl_job_more *more, bool handle)
{
    int64_t timeout = more->options.timeout ? more->options.timeout : pool->config.timeout;
    filch_context *above = more->options.context ? more->options.context : pool->context;
    bool watched = pool->config.context && may_be_delayed(pool, &more->options);
    if (!timeout && !more->options.context && !handle && !watched)
        return 0;
    return filch_context_create_until(&more->context, above,
                                      timeout ? filch_in(timeout) : FILCH_FOREVER);
}

static int copy_key(fl_job_more *more)
{
    more->key = strdup(more->options.key);
    return more->key ? 0 : fl_fail(ENOMEM, "no memory for a job's key; wait for some to end");
}

int fl_job_make(filch_job **out, filch_pool *pool, filch_job_fn *fn, void *data,
                const filch_job_options *options, bool handle)
{
    filch_job *job = fl_cell_take(FL_CELLS_POOL_JOBS);
    bool wants = !fl_job_is_plain(pool, options, handle);
    fl_job_more *more = job && wants ? calloc(1, sizeof *more) : NULL;
    if (!job || (wants && !more)) {
        if (job)
            fl_cell_give(FL_CELLS_POOL_JOBS, job);
        return fl_fail(ENOMEM, "no memory for a job; wait for some to end");
    }
    fl_job_fill(job, pool, fn, data, options);
    job->slim = false;
    job->more = more;
    filch_u32_store(&job->refs, handle ? 2 : 1, FILCH_RELAXED); /* not yet shared */
    int rc = 0;
    if (more) {
        more->job = job;
        more->options = *options;
        if (!options->results)
            more->options.results = pool->config.results;
        filch_u32_add(&pool->refs, 1, FILCH_RELAXED); /* the caller has one */
        rc = make_context(pool, more, handle || options->key);
        if (!rc)
            rc = fl_attempts_begin(job);
        if (!rc && options->key)
            rc = copy_key(more);
        if (options->trace)
            filch_trace_child(&more->trace, options->trace);
    }
    if (rc)
        fl_job_unmake(job);
    else
        *out = job;
    return rc;
}

void fl_job_unmake(filch_job *job)
{
    filch_pool *pool = job->pool;
    if (fl_more(job)) {
        filch_context_release(job->more->context);
        free(job->more->key);
        free(fl_more(job));
        job->more = NULL; /* a second release sees that, until the cell is another job's */
        fl_pool_drop(pool);
    }
    fl_cell_give(FL_CELLS_POOL_JOBS, job);
}

static void call_drop(filch_self self, void *arg)
{
    filch_job *job = arg;
    (void)self;
    job->more->options.drop(job->data);
}

void fl_job_drop(filch_job *job)
{
    filch_failure failure;
    if (filch_u32_add(&job->refs, (uint32_t)-1, FILCH_ACQ_REL) != 1) /* B4 */
        return;
    bool drops = fl_more(job) && job->more->options.drop;
    if (drops && !fl_catch_here("drop of job", job->name, call_drop, job, &failure))
        fl_panic_report(&failure);
    fl_job_unmake(job);
}

/* ---- Telling `done` ---- */

static void call_done(filch_self self, void *arg)
{
    (void)self;
    filch_job *job = arg;
    job->more->options.done(job, (filch_outcome)job->outcome, filch_job_failure(job), job->data);
}

void fl_job_tell(filch_self self, filch_job *job)
{
    fl_fiber *fiber = fl_fiber_of(self);
    filch_failure failure;
    if (!fl_more(job))
        return;
    fl_job_comes_to(fiber, job); /* it may not wait for its pool either */
    if (job->more->options.done && !fl_catch(self, job->name, call_done, job, &failure))
        fl_panic_report(&failure);
    fiber->pooled = NULL;
    fl_results_deliver(job);
}

/* ---- The watch: an errand ---- */

static void after_context(filch_self self, filch_job *job)
{
    if (job->more->tells)
        fl_job_tell(self, job);
}

/* Its context is done. One that is in progress sees that, and says itself what becomes of it; but its
 * deadline is final. */
static void context_done(fl_waiter *watcher)
{
    fl_job_more *more = FL_CONTAINER_OF(watcher, fl_job_more, watcher);
    filch_job *job = more->job;
    filch_pool *pool = job->pool;
    filch_outcome outcome = fl_outcome_of_cause(watcher->code);
    fl_after after = {0};
    fl_lock(&pool->room.lock);
    if (job->stage != FL_JOB_RUNNING)
        fl_job_decide(job, outcome, NULL, &after);
    else
        more->tells = outcome == FILCH_TIMED_OUT && fl_job_decide(job, outcome, NULL, &after);
    if (more->tells)
        fl_stuck_watch(job);
    fl_pool_leave(pool, &after);
    fl_errand_go(&more->after, job, after_context);
}

/* Under the pool's lock. Why there is nothing to watch: the context is done; or 0. */
static int watch(filch_job *job)
{
    fl_job_more *more = fl_more(job);
    filch_context *context = more->context;
    more->watcher = (fl_waiter){.told = context_done};
    more->watch = (fl_node){.waiter = &more->watcher};
    fl_lock(&context->lock);
    int cause = filch_context_cause(context);
    more->watched = !cause;
    if (more->watched) {
        fl_waiters_add(&context->waiters, &more->watch);
        fl_errand_begin(job);
    }
    fl_unlock(&context->lock);
    return cause;
}

/* When it is ENDED. Who has claimed the watcher ends the errand, else this does. No lock. */
void fl_job_unwatch(filch_job *job)
{
    fl_job_more *more = fl_more(job);
    if (!more || !more->watched)
        return;
    fl_lock(&more->context->lock);
    bool mine = fl_waiter_claim(&more->watcher);
    if (mine)
        fl_waiters_remove(&more->context->waiters, &more->watch);
    fl_unlock(&more->context->lock);
    if (mine)
        fl_errand_end(job);
}

static void tell_apart(filch_self self, fl_job *item)
{
    filch_job *job = (filch_job *)item;
    fl_attempts_leave(job);
    fl_job_tell(self, job);
    fl_job_unwatch(job);
    fl_errand_end(job);
}

void fl_job_tell_apart(filch_job *job)
{
    fl_job_be_part(&job->item, tell_apart);
    fl_start(job->pool->rt, &job->item);
}

/* ---- Stages; under the pool's lock ---- */

bool fl_job_accept(filch_job *job, fl_after *after)
{
    filch_pool *pool = job->pool;
    job->id = ++pool->stats.accepted * fl_direct_stride(&pool->direct);
    job->since = fl_now();
    int cause = fl_more(job) && job->more->context ? watch(job) : 0;
    return !cause || !fl_job_decide(job, fl_outcome_of_cause(cause), NULL, after);
}

void fl_job_begin(filch_job *job)
{
    job->stage = FL_JOB_RUNNING;
    job->pool->stats.running++;
    fl_row_enter(&job->pool->in_progress, job);
    job->pool->aimd.reached |= job->pool->stats.running >= job->pool->stats.width;
    if (fl_more(job) && job->pool->config.stuck_after)
        fl_stuck_begin(job);
}

/* ---- Outcomes ---- */

/* What is said of a job that did not come to say something itself. */
static const struct {
    int code;
    const char *text;
} reasons[FILCH_OUTCOMES] = {
    [FILCH_TIMED_OUT] = {-ETIMEDOUT, "its deadline came before its end"},
    [FILCH_CANCELLED] = {-ECANCELED, "it was cancelled before it began"},
    [FILCH_DROPPED] = {-ENOBUFS, "the queue was full, and it was dropped"},
};

static const char *reason(const filch_job *job, filch_outcome outcome)
{
    if (outcome == FILCH_CANCELLED && job->more->attempts.retry.attempts) /* no runner has it */
        return "it was cancelled between attempts";
    return reasons[outcome].text;
}

static void note(filch_job *job, filch_outcome outcome, const filch_failure *why)
{
    if (!fl_more(job) || outcome == FILCH_SUCCEEDED)
        return;
    filch_failure *failure = &job->more->failure;
    if (why) {
        *failure = *why;
        return;
    }
    *failure = (filch_failure){.code = reasons[outcome].code, .task = job->name};
    snprintf(failure->message, sizeof failure->message, "%s", reason(job, outcome));
}

/* Of the queue, or of those that are delayed; a new one is in neither, and makes no room. */
static void take_out(filch_job *job, fl_after *after)
{
    filch_pool *pool = job->pool;
    bool held_room = job->stage != FL_JOB_NEW;
    if (job->stage == FL_JOB_WAITING) {
        fl_order_remove(pool, job);
        pool->stats.waiting--;
    } else if (job->stage == FL_JOB_DELAYED) {
        fl_delay_end(job);
    }
    job->stage = FL_JOB_ENDED;
    pool->errands++;
    job->age.next = after->apart;
    after->apart = job;
    if (held_room)
        fl_pool_admit(pool, after);
}

bool fl_job_decide(filch_job *job, filch_outcome outcome, const filch_failure *why, fl_after *after)
{
    filch_pool *pool = job->pool;
    if (job->outcome != FILCH_UNDECIDED || (fl_more(job) && job->more->settling))
        return false;
    note(job, outcome, why);
    job->outcome = (uint8_t)outcome;
    pool->stats.outcomes[outcome]++;
    if (fl_more(job)) {
        after->told = fl_waiters_claim_all(&job->more->waiters, after->told);
        fl_key_leave(job);
    }
    if (job->stage != FL_JOB_RUNNING)
        take_out(job, after);
    return true;
}

filch_job *fl_job_here(const filch_pool *pool)
{
    const fl_fiber *here = fl_fiber_here();
    filch_job *job = here ? here->pooled : NULL;
    return job && job->pool == pool ? job : NULL;
}
