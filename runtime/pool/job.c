/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A job: its life, its watch, its outcome. B4 is an edge of runtime/pool/pool.h. */
#include <runtime/pool/order.h>
#include <runtime/pool/results.h>

#include <runtime/core/call.h>
#include <runtime/core/clock.h>
#include <runtime/core/error.h>
#include <runtime/core/panic.h>

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

/* ---- Life ---- */

bool fl_job_is_plain(const filch_pool *pool, const filch_job_options *options, bool handle)
{
    return !handle && !options->done && !options->drop && !options->context && !options->timeout &&
           !options->results && !pool->config.results && !pool->config.timeout &&
           pool->config.full != FILCH_FULL_RUN;
}

/* One of its own only if it can be done before the pool's is. */
static int make_context(filch_pool *pool, fl_job_more *more, bool handle)
{
    int64_t timeout = more->options.timeout ? more->options.timeout : pool->config.timeout;
    filch_context *above = more->options.context ? more->options.context : pool->context;
    if (!timeout && !more->options.context && !handle)
        return 0;
    return filch_context_create_until(&more->context, above,
                                      timeout ? filch_in(timeout) : FILCH_FOREVER);
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
    job->more = more;
    filch_u32_store(&job->refs, handle ? 2 : 1, FILCH_RELAXED); /* not yet shared */
    int rc = 0;
    if (more) {
        more->job = job;
        more->options = *options;
        if (!options->results)
            more->options.results = pool->config.results;
        filch_u32_add(&pool->refs, 1, FILCH_RELAXED); /* the caller has one */
        rc = make_context(pool, more, handle);
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
    if (job->more) {
        filch_context_release(job->more->context);
        free(job->more);
        fl_pool_drop(pool);
    }
    fl_cell_give(FL_CELLS_POOL_JOBS, job);
}

void fl_job_drop(filch_job *job)
{
    if (filch_u32_add(&job->refs, (uint32_t)-1, FILCH_ACQ_REL) != 1) /* B4 */
        return;
    if (job->more && job->more->options.drop)
        job->more->options.drop(job->data);
    fl_job_unmake(job);
}

/* ---- Telling `done` ---- */

static void call_done(filch_self self, void *arg)
{
    (void)self;
    filch_job *job = arg;
    job->more->options.done(job, (filch_outcome)job->outcome, filch_job_failure(job), job->data);
}

static void tell_done(filch_self self, filch_job *job)
{
    fl_fiber *fiber = fl_fiber_of(self);
    filch_failure failure;
    if (!job->more)
        return;
    fiber->pooled = job; /* it may not wait for its pool either */
    if (job->more->options.done && !fl_catch(self, job->name, call_done, job, &failure))
        fl_panic_report(&failure);
    fiber->pooled = NULL;
    fl_results_deliver(job);
}

/* ---- Errands, and the watch, which is one. Each holds the job ---- */

static void start_errand(filch_job *job, fl_job *item, fl_job_fn *fn)
{
    item->kind = FL_JOB_PART;
    item->as.part = fn;
    fl_start(job->pool->rt, item);
}

void fl_errand_end(filch_job *job)
{
    filch_pool *pool = job->pool;
    fl_job_drop(job);
    fl_lock(&pool->room.lock);
    pool->errands--;
    fl_pool_leave(pool, &(fl_after){0});
}

static void after_context(filch_self self, fl_job *item)
{
    fl_job_more *more = (fl_job_more *)(void *)((char *)item - offsetof(fl_job_more, after));
    filch_job *job = more->job;
    if (more->tells)
        tell_done(self, job);
    fl_errand_end(job);
}

/* Its context is done. One that is in progress sees that, and says itself what becomes of it; but its
 * deadline is final. */
static void context_done(fl_waiter *watcher)
{
    fl_job_more *more = (fl_job_more *)(void *)((char *)watcher - offsetof(fl_job_more, watcher));
    filch_job *job = more->job;
    filch_pool *pool = job->pool;
    filch_outcome outcome = watcher->code == -ETIMEDOUT ? FILCH_TIMED_OUT : FILCH_CANCELLED;
    fl_after after = {0};
    fl_lock(&pool->room.lock);
    bool waits = job->stage == FL_JOB_WAITING;
    if (waits)
        fl_job_decide(job, outcome, NULL, &after);
    else
        more->tells = outcome == FILCH_TIMED_OUT && fl_job_decide(job, outcome, NULL, &after);
    fl_pool_leave(pool, &after);
    start_errand(job, &more->after, after_context);
}

/* Under the pool's lock. A context that is done already is seen by the runner. */
static void watch(filch_job *job)
{
    fl_job_more *more = job->more;
    filch_context *context = more->context;
    more->watcher = (fl_waiter){.told = context_done};
    more->watch = (fl_node){.waiter = &more->watcher};
    fl_lock(&context->lock);
    more->watched = !filch_u32_load(&context->cause, FILCH_RELAXED); /* under its lock */
    if (more->watched) {
        fl_waiters_add(&context->waiters, &more->watch);
        job->pool->errands++;
        filch_u32_add(&job->refs, 1, FILCH_RELAXED); /* the caller has one */
    }
    fl_unlock(&context->lock);
}

/* When it is ENDED. Who has claimed the watcher ends the errand, else this does. No lock. */
static void unwatch(filch_job *job)
{
    fl_job_more *more = job->more;
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
    tell_done(self, job);
    unwatch(job);
    fl_errand_end(job);
}

void fl_job_tell_apart(filch_job *job)
{
    start_errand(job, &job->item, tell_apart);
}

/* ---- Stages; under the pool's lock ---- */

void fl_job_accept(filch_job *job)
{
    filch_pool *pool = job->pool;
    job->id = ++pool->stats.accepted * fl_direct_stride(&pool->direct);
    job->since = fl_now();
    if (job->more && job->more->context)
        watch(job);
}

void fl_job_begin(filch_job *job)
{
    job->stage = FL_JOB_RUNNING;
    job->pool->stats.running++;
    fl_row_enter(&job->pool->in_progress, job);
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

static void note(filch_job *job, filch_outcome outcome, const filch_failure *why)
{
    if (!job->more || outcome == FILCH_SUCCEEDED)
        return;
    filch_failure *failure = &job->more->failure;
    if (why) {
        *failure = *why;
        return;
    }
    *failure = (filch_failure){.code = reasons[outcome].code, .task = job->name};
    snprintf(failure->message, sizeof failure->message, "%s", reasons[outcome].text);
}

bool fl_job_decide(filch_job *job, filch_outcome outcome, const filch_failure *why, fl_after *after)
{
    filch_pool *pool = job->pool;
    if (job->outcome != FILCH_UNDECIDED)
        return false;
    note(job, outcome, why);
    job->outcome = (uint8_t)outcome;
    pool->stats.outcomes[outcome]++;
    if (job->more)
        after->told = fl_waiters_claim_all(&job->more->waiters, after->told);
    if (job->stage == FL_JOB_WAITING) {
        fl_order_remove(pool, job);
        pool->stats.waiting--;
        job->stage = FL_JOB_ENDED;
        pool->errands++;
        job->in.age.next = after->apart;
        after->apart = job;
        fl_pool_admit(pool, after);
    }
    return true;
}

/* ---- Running ---- */

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
static int cause_of(const filch_job *job)
{
    int cause = job->more ? filch_context_cause(job->more->context) : 0;
    return cause ? cause : filch_context_cause(job->pool->context);
}

/* What a function that has returned means by its code, which is not 0. */
static filch_outcome meaning(const filch_job *job, int code)
{
    int cause = cause_of(job);
    if (cause && code == -ETIMEDOUT)
        return FILCH_TIMED_OUT;
    return cause && (code == -ECANCELED || code == cause) ? FILCH_CANCELLED : FILCH_FAILED;
}

/* why->code 0: what is said of such outcomes. */
filch_outcome fl_job_run(filch_self self, filch_job *job, filch_failure *why)
{
    int cause = cause_of(job);
    struct call call = {job, 0};
    why->code = 0;
    if (cause)
        return cause == -ETIMEDOUT ? FILCH_TIMED_OUT : FILCH_CANCELLED;
    fl_error_forget();
    if (!fl_catch(self, job->name, call_job, &call, why))
        return FILCH_PANICKED;
    if (!call.code)
        return FILCH_SUCCEEDED;
    *why = (filch_failure){.code = fl_is_errno(call.code) ? call.code : -EINVAL, .task = job->name};
    fl_failure_explain(why, call.code);
    return meaning(job, call.code);
}

void fl_job_perform(filch_self self, filch_job *job)
{
    filch_pool *pool = job->pool;
    fl_fiber *fiber = fl_fiber_of(self);
    filch_failure why;
    fl_after after = {0};
    fiber->pooled = job;
    fiber->on_runner = true;
    fl_job_record(pool->waits, job);
    filch_outcome outcome = fl_job_run(self, job, &why);
    fl_job_record(pool->runs, job);
    fiber->pooled = NULL;
    fl_lock(&pool->room.lock);
    bool decided = fl_job_decide(job, outcome, why.code ? &why : NULL, &after);
    job->stage = FL_JOB_ENDED;
    fl_row_leave(&pool->in_progress, job);
    fl_pool_leave(pool, &after); /* it is still counted as running */
    if (decided)
        tell_done(self, job);
    fiber->on_runner = false;
    unwatch(job);
    fl_job_drop(job);
    fl_lock(&pool->room.lock);
    pool->stats.running--;
    fl_pool_leave(pool, &(fl_after){0});
}

filch_job *fl_job_here(const filch_pool *pool)
{
    const fl_fiber *here = fl_fiber_here();
    filch_job *job = here ? here->pooled : NULL;
    return job && job->pool == pool ? job : NULL;
}
