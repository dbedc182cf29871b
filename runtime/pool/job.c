/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A job: its life, its stages, its outcome. DropJob, ShowRare, and SetSuccess are edges of
 * runtime/pool/pool.h. */
#include <runtime/pool/job.h>

#include <runtime/engine/external.h>
#include <runtime/engine/fiber.h>
#include <runtime/engine/inbox.h>
#include <runtime/engine/panic.h>
#include <runtime/engine/worker.h>
#include <runtime/platform/clock.h>
#include <runtime/platform/container.h>
#include <runtime/platform/error.h>
#include <runtime/platform/given.h>
#include <runtime/platform/lock.h>
#include <runtime/platform/memory/cells.h>
#include <runtime/pool/callbacks.h>
#include <runtime/pool/deadlines.h>
#include <runtime/pool/order.h>
#include <runtime/pool/pool.h>
#include <runtime/pool/results.h>
#include <runtime/pool/run_job.h>
#include <runtime/pool/submit.h>
#include <runtime/sync/wait.h>
#include <sched/assert.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- Life ---- */

bool fl_job_is_plain(const filch_pool *pool, const filch_job_options *options, bool handle)
{
    return !handle && !pool->all_extra && !options->done && !options->drop && !options->context &&
           !options->timeout && !options->run_timeout && !options->retry && !options->key &&
           !options->trace && !options->results;
}

/* Does it pass policies, or may it be stuck? */
static bool needs_trials(const filch_pool *pool, const filch_job_options *options)
{
    return options->retry || fl_has_policies(&pool->config) || pool->config.stuck_after;
}

static int no_memory(void)
{
    return fl_fail(ENOMEM, "no memory for a job; wait for some to end");
}

/* The parts that few jobs need from the beginning. */
static int make_rare(filch_job *job, const filch_job_options *options)
{
    bool tried = needs_trials(job->pool, options);
    if (!tried && !options->key && !options->trace && !options->context && !options->run_timeout)
        return 0;
    size_t key = options->key ? strlen(options->key) + 1 : 0;
    fl_job_rare *rare = calloc(1, sizeof *rare + key);
    if (!rare)
        return no_memory();
    rare->job = job;
    rare->has_key = key;
    rare->run_timeout = options->run_timeout;
    if (key)
        memcpy(rare->key, options->key, key);
    if (options->trace)
        filch_traceparent_child(&rare->trace, options->trace);
    filch_ptr_store(&job->more->rare, rare, FILCH_RELEASE); /* ShowRare */
    rare->trials = tried ? calloc(1, sizeof *rare->trials) : NULL;
    return tried && !rare->trials ? no_memory() : 0;
}

/* One below the pool's is created when it is asked for. */
static int make_context(filch_job *job, const filch_job_options *options)
{
    if (!options->context)
        return 0;
    filch_context *context;
    int rc = filch_context_create_until(&context, options->context, job->more->deadline);
    if (!rc)
        filch_ptr_store(&fl_rare(job)->context, context, FILCH_RELEASE); /* ShowRare */
    return rc;
}

/* A direct pool starts each by an item of its own; that of one with trials is among these. */
static int make_start(filch_job *job)
{
    bool direct = job->pool->direct.tallies && !fl_trials(job);
    job->by.start = direct ? fl_pending_callback_take() : NULL;
    return direct && !job->by.start ? no_memory() : 0;
}

static int make_more(filch_job *job, const filch_job_options *options, bool handle)
{
    filch_pool *pool = job->pool;
    int64_t timeout = options->timeout ? options->timeout : pool->config.timeout;
    int64_t above = filch_context_deadline(options->context ? options->context : pool->context);
    int64_t own = timeout ? filch_in(timeout) : FILCH_FOREVER;
    *job->more =
        (fl_job_more){.done = options->done,
                      .drop = options->drop,
                      .results = options->results ? options->results : pool->config.results,
                      .deadline = own < above ? own : above,
                      .handle = handle,
                      .after_return = options->done_after_return};
    job->own = handle || timeout || options->context || options->key || options->run_timeout ||
               pool->config.run_timeout;
    int rc = make_rare(job, options);
    if (!rc)
        rc = make_context(job, options);
    if (!rc)
        rc = fl_attempts_begin(job, options->retry);
    return rc ? rc : make_start(job);
}

static void free_more(filch_job *job)
{
    fl_job_rare *rare = fl_rare(job);
    if (rare) {
        filch_context_release(fl_context_of(job));
        if (rare->trials)
            free(rare->trials->attempts.last);
        free(rare->trials);
    }
    free(rare);
    free(job->more->failure);
    job->more = NULL; /* a second release sees that, until the cell is another job's */
}

/* Does not touch the pool, which may be gone. */
static void free_job(filch_job *job)
{
    bool full = fl_more(job);
    if (full)
        free_more(job);
    fl_cell_give(full ? FL_CELLS_FULL_JOBS : job->slim ? FL_CELLS_LINES : FL_CELLS_POOL_JOBS, job);
}

/* Of a job that will not be started. */
static void give_start(filch_job *job)
{
    if (!fl_more(job) || !job->pool->direct.tallies)
        return;
    fl_pending_callback_give(job->by.start);
    job->by.start = NULL;
}

static void unmake(filch_job *job)
{
    give_start(job);
    free_job(job);
}

void fl_job_give_up(filch_job *job)
{
    filch_pool *pool = job->pool;
    if (fl_more(job)) {
        fl_lock(&pool->queue.room.lock);
        fl_key_leave(job);
        fl_due_leave(job);
        fl_unlock(&pool->queue.room.lock);
    }
    unmake(job);
}

int fl_job_make(filch_job **out, filch_pool *pool, filch_job_fn *fn, void *data,
                const filch_job_options *options, bool handle)
{
    bool plain = fl_job_is_plain(pool, options, handle);
    filch_job *job = fl_cell_take(plain ? pool->cells : FL_CELLS_FULL_JOBS);
    if (!job)
        return no_memory();
    fl_job_fill(job, pool, fn, data, options);
    job->slim = plain && pool->cells == FL_CELLS_LINES;
    *out = job;
    if (job->slim)
        return 0;
    job->own = job->beyond = job->settling = false;
    job->by.start = NULL;
    job->more = plain ? NULL : &((fl_full_job *)job)->more;
    filch_u32_store(&job->refs, handle ? 2 : 1, FILCH_RELAXED); /* not yet shared */
    int rc = plain ? 0 : make_more(job, options, handle);
    if (rc)
        unmake(job);
    return rc;
}

static void call_drop(filch_self self, void *arg)
{
    filch_job *job = arg;
    (void)self;
    job->more->drop(job->data);
}

void fl_job_drop(filch_job *job)
{
    filch_failure failure;
    const bool full = fl_more(job); /* else its function's hold is the only one */
    if (full && filch_u32_add(&job->refs, (uint32_t)-1, FILCH_ACQ_REL) != 1) /* DropJob */
        return;
    bool drops = full && job->more->drop;
    if (drops && !fl_catch_here("drop of job", job->name, call_drop, job, &failure))
        fl_panic_report(&failure);
    free_job(job);
}

/* ---- Telling `done` ---- */

static void call_done(filch_self self, void *arg)
{
    (void)self;
    filch_job *job = arg;
    const filch_outcome outcome = (filch_outcome)job->outcome; /* it is final */
    const filch_failure *why = outcome == FILCH_SUCCEEDED ? NULL : filch_job_failure(job);
    job->more->done(job, outcome, why, job->data);
}

void fl_job_tell(filch_self self, filch_job *job)
{
    fl_fiber *fiber = fl_fiber_of(self);
    filch_failure failure;
    if (!fl_more(job))
        return;
    fl_job_comes_to(fiber, job); /* it may not wait for its pool either */
    if (job->more->done && !fl_catch(self, job->name, call_done, job, &failure))
        fl_panic_report(&failure);
    fiber->running.pooled = NULL;
    fl_results_deliver(job);
}

static void tell_apart(filch_self self, fl_work_item *item)
{
    filch_job *job = (filch_job *)item;
    fl_attempts_leave(job);
    fl_job_tell(self, job);
    fl_job_unwatch(job);
    give_start(job);
    fl_pending_callback_end(job);
}

void fl_job_tell_apart(filch_job *job)
{
    fl_work_item_be_part(&job->item, tell_apart);
    fl_start(job->pool->rt, &job->item);
}

/* ---- Stages; under the pool's lock ---- */

/* Why it need not wait for a runner. No other thread has seen it yet. */
static int cause_of_new(filch_job *job)
{
    if (!fl_is_own(job))
        return 0;
    if (fl_context_of(job))
        return fl_job_watch(job);
    if (job->more->deadline != FILCH_FOREVER && fl_is_past(job->more->deadline))
        return -ETIMEDOUT;
    return filch_context_cause(job->pool->context);
}

bool fl_job_accept(filch_job *job, fl_after *after)
{
    const fl_job_more *more = fl_more(job);
    fl_job_number(job);
    fl_job_date(job);
    int cause = more ? cause_of_new(job) : 0;
    if (cause)
        fl_job_call_off(job, cause, after);
    return !cause;
}

void fl_job_begin(filch_job *job)
{
    filch_pool *pool = job->pool;
    filch_pool_stats *now = &pool->stats;
    FL_ASSERT(job->stage != FL_JOB_RUNNING ||
              fl_is_beyond(job)); /* then fl_pool_run_beyond has set it */
    fl_job_become(job, FL_JOB_RUNNING);
    if (!pool->direct.tallies)
        fl_set_place_number(job, 0);
    if (++now->running > now->running_most)
        now->running_most = now->running;
    if (pool->config.adaptive)
        pool->width.aimd.reached |= now->running >= now->width;
    if (!fl_more(job))
        return;
    pool->runners.beyond += job->beyond;
    fl_row_enter(&pool->runners.in_progress, job);
    if (job->own)
        fl_due_begin(job);
    if (pool->config.stuck_after)
        fl_stuck_begin(job);
}

/* ---- Outcomes ---- */

/* The words for a job that left none itself. */
static const struct {
    int code;
    const char *text;
} reasons[FILCH_OUTCOMES] = {
    [FILCH_TIMED_OUT] = {-ETIMEDOUT, "its deadline passed before it ended"},
    [FILCH_CANCELLED] = {-ECANCELED, "it was cancelled before it began"},
    [FILCH_DROPPED] = {-ENOBUFS, "the queue was full, and it was dropped"},
};

static const char *reason(const filch_job *job, filch_outcome outcome)
{
    const fl_job_trials *trials = fl_trials(job);
    if (outcome == FILCH_CANCELLED && trials && trials->attempts.retry.attempts)
        return "it was cancelled between attempts"; /* no runner has it */
    if (outcome == FILCH_TIMED_OUT && job->more->overran)
        return "it ran for longer than its run_timeout";
    return reasons[outcome].text ? reasons[outcome].text : "no memory for its error message";
}

/* A failure that is only a code gets its words at the first request for them. Under the lock. */
static void note(filch_job *job, filch_outcome outcome, const filch_failure *why)
{
    fl_job_more *more = fl_more(job);
    if (!more)
        return;
    if (outcome == FILCH_SUCCEEDED) {
        uint32_t cause = filch_u32_load(&more->cause, FILCH_RELAXED);       /* under the lock */
        filch_u32_store(&more->cause, cause | FL_SUCCEEDED, FILCH_RELEASE); /* SetSuccess */
        return;
    }
    more->overran = job->stage == FL_JOB_RUNNING && outcome == FILCH_TIMED_OUT &&
                    fl_run_timeout(job) && fl_now() < more->deadline;
    more->code = (int16_t)(why ? why->code : reasons[outcome].code);
    more->failure = why ? malloc(sizeof *why) : NULL;
    if (more->failure)
        *more->failure = *why;
}

void fl_job_explain(const filch_job *job, filch_failure *out)
{
    if (job->more->failure) {
        *out = *job->more->failure;
        return;
    }
    *out = (filch_failure){.code = job->more->code, .task = job->name};
    snprintf(out->message, sizeof out->message, "%s", reason(job, job->outcome));
}

/* Removes it from the queue, or from the delayed jobs; a new job is in neither, and makes no
 * room. */
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
    fl_job_become(job, FL_JOB_ENDED);
    pool->rest.pending_callbacks++;
    job->age.next = after->apart;
    after->apart = job;
    if (held_room)
        fl_pool_admit(pool, after);
}

bool fl_job_decide(filch_job *job, filch_outcome outcome, const filch_failure *why, fl_after *after)
{
    filch_pool *pool = job->pool;
    if (job->outcome != FILCH_UNDECIDED || (!job->slim && job->settling))
        return false;
    note(job, outcome, why);
    job->outcome = (uint8_t)outcome;
    pool->stats.outcomes[outcome]++;
    if (fl_more(job)) {
        after->told = fl_waiters_claim_all(&job->more->waiters, after->told);
        fl_due_leave(job);
        fl_key_leave(job);
    }
    if (job->stage != FL_JOB_RUNNING)
        take_out(job, after);
    return true;
}

filch_job *fl_job_here(const filch_pool *pool)
{
    const fl_fiber *here = fl_fiber_here();
    filch_job *job = here ? here->running.pooled : NULL;
    return job && job->pool == pool ? job : NULL;
}

/* ---- Its context ---- */

/* A job's own context, created at the first request, and the job's watch of it: a pending callback.
 * ShowRare is an edge of runtime/pool/pool.h. */

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
    fl_lock(&pool->queue.room.lock);
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
static filch_context without_memory = {
    .deadline = FILCH_FOREVER, .cause = {ENOMEM}, .users = {1}, .refs = {1}, .life = FL_LIVES};

/* *until: the deadline for a new one. */
static filch_context *look(filch_job *job, int64_t *until)
{
    fl_lock(&job->pool->queue.room.lock);
    filch_context *context = fl_context_of(job);
    *until = fl_due_of_context(job);
    fl_unlock(&job->pool->queue.room.lock);
    return context;
}

/* The job has `context` from now on. It has no waiters yet, so cancelling it calls none. */
static void take_over(filch_job *job, filch_context *context, fl_after *after)
{
    fl_job_more *more = job->more;
    uint32_t cause =
        filch_u32_load(&more->cause, FILCH_RELAXED) & ~FL_SUCCEEDED; /* under the lock */
    filch_ptr_store(&fl_rare(job)->context, context, FILCH_RELEASE); /* ShowRare */
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
    return context == &without_memory ? NULL : context;
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
        return &without_memory;
    }
    fl_after after = {0};
    fl_pool_lock_for(job);
    if (!fl_rare(job)) {
        rare->job = job;
        filch_ptr_store(&job->more->rare, rare, FILCH_RELEASE); /* ShowRare */
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
