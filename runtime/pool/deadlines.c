/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Deadlines of jobs without a context, and the pool's context: both cancel such jobs.
 *
 * A deadline is an entry of the pool's row, from the job's submission until it has an outcome or a
 * context. One alarm per pool rings at the earliest. The timer thread makes the call, so a deadline
 * holds although all workers compute. The alarm is only ever set earlier: a job that ends in time
 * leaves it as it is, and it rings once for nothing. A pool whose queue runs empty again and again
 * would otherwise take the timer thread's lock, and wake the timer thread, for each of its jobs.
 * While deadlocks are looked for, the alarm of a pool without deadlines is stopped, since a pending
 * timer puts off their report.
 *
 * A job with a run timeout is an entry of the heap `run_dues` instead, from its submission until it
 * has an outcome. Its due time is its deadline; during an attempt it is the end of the run timeout, if
 * that is earlier. So the entry moves when an attempt begins or is delayed. The thread that begins an
 * attempt can neither wait nor fail, so moving needs no memory: removing an entry from a heap leaves
 * room for one. (The row has no such room: an entry may have to move from its ring to its heap.) An
 * entry that was due goes back to the heap, at the end of time, since its job may go on: a job that is
 * not yet accepted looks at the clock itself.
 *
 * A job with a run timeout keeps its entry when it has a context, because that was created for all of
 * its attempts. When the entry is due, the timer thread cancels the context with -ETIMEDOUT, after
 * unlocking, and the job's watch decides. If the attempt ended in between, it had overrun all the same,
 * and the next attempt is called off at once. A context that is created during the only attempt has the
 * end of the run as its deadline, so that the function can read it there.
 *
 * One waiter per pool watches the pool's context, and cancels all jobs that have no context below
 * it. Its removal may come too late, when the watcher has been claimed and is about to be called;
 * then the pool is not at rest before the call is over.
 *
 * SetCause is an edge of runtime/pool/pool.h, ShowAlarm and ReadAlarm of runtime/pool/intake.h. */
#include <runtime/pool/deadlines.h>

#include <runtime/engine/fiber.h>
#include <runtime/engine/threads.h>
#include <runtime/engine/worker.h>
#include <runtime/platform/clock.h>
#include <runtime/platform/container.h>
#include <runtime/platform/error.h>
#include <runtime/platform/lock.h>
#include <runtime/platform/time_sum.h>
#include <runtime/pool/callbacks.h>
#include <runtime/pool/intake.h>
#include <runtime/pool/job.h>
#include <runtime/pool/order.h>
#include <runtime/pool/pool.h>
#include <runtime/pool/runner.h>
#include <runtime/sync/object_timer.h>
#include <runtime/sync/timer_heap.h>
#include <runtime/sync/wait.h>

#include <errno.h>

enum {
    COLLECTS = 500000000, /* ns: the intake is emptied at most this long after it opens */
    FAR = 2 * COLLECTS,
    AT_ONCE = 64, /* deadlines handled under one taking of the lock */
    KEPT = 4096   /* the room of an empty row */
};

/* ---- Cancelling a job ---- */

static void tell(filch_self self, filch_job *job)
{
    fl_job_tell(self, job);
}

/* `done` of a job in progress is told by a task of its own. Without memory for one its runner tells
 * it, as it does if the job asks for that. */
static void tell_while_it_runs(filch_job *job, fl_after *after)
{
    fl_job_more *more = job->more;
    const bool listens = more->done || more->results;
    fl_pending_callback *pending_callback =
        listens && !more->after_return ? fl_pending_callback_take() : NULL;
    more->late = !pending_callback;
    if (!pending_callback)
        return;
    fl_pending_callback_begin(job);
    fl_after_start(after, fl_pending_callback_task(pending_callback, job, tell));
}

void fl_job_call_off(filch_job *job, int cause, fl_after *after)
{
    filch_outcome outcome = fl_outcome_of_cause(cause);
    bool runs = job->stage == FL_JOB_RUNNING;
    if (fl_more(job))
        filch_u32_store(&job->more->cause, (uint32_t)-cause, FILCH_RELEASE); /* SetCause */
    if (runs && (outcome != FILCH_TIMED_OUT || !job->own))
        return; /* it sees that, and states its outcome itself */
    if (!fl_job_decide(job, outcome, NULL, after) || !runs)
        return;
    fl_stuck_watch(job);
    tell_while_it_runs(job, after);
}

/* ---- Deadlines ---- */

static filch_job *job_of(fl_timed *timed)
{
    return &FL_CONTAINER_OF(timed, fl_full_job, more.in.due)->job;
}

/* One that is due; NULL: none. */
static fl_timed *take(filch_pool *pool, int64_t now)
{
    fl_timed *one = fl_timer_row_take(&pool->deadlines.dues, now);
    if (one)
        return one;
    one = fl_timer_heap_take(&pool->deadlines.run_dues, now);
    if (one)
        fl_timer_heap_add(&pool->deadlines.run_dues, one, FILCH_FOREVER); /* in its former room */
    return one;
}

static int64_t next_due(const filch_pool *pool)
{
    const int64_t row = fl_timer_row_next(&pool->deadlines.dues);
    const int64_t heap = fl_timer_heap_next(&pool->deadlines.run_dues);
    return row < heap ? row : heap;
}

/* Returns a context to be cancelled, held, or NULL. A new job looks at the clock when it is
 * accepted. */
static filch_context *time_out(filch_job *job, fl_after *after)
{
    if (job->stage == FL_JOB_NEW)
        return NULL;
    if (fl_context_of(job))
        return filch_context_retain(fl_context_of(job));
    fl_job_call_off(job, -ETIMEDOUT, after);
    return NULL;
}

/* Called by the timer thread. */
static void ring(void *arg)
{
    filch_pool *pool = arg;
    filch_context *over[AT_ONCE];
    unsigned count = 0;
    fl_after after = {0};
    fl_timed *one;
    fl_pool_lock(pool);
    int64_t now = fl_now();
    for (unsigned i = 0; i < AT_ONCE && (one = take(pool, now)); i++) {
        over[count] = time_out(job_of(one), &after);
        count += over[count] != NULL;
    }
    fl_alarm_answer(&pool->alarms[FL_ALARM_DUE], next_due(pool));
    fl_pool_leave(pool, &after);
    for (unsigned i = 0; i < count; i++) {
        filch_context_cancel(over[i], -ETIMEDOUT);
        filch_context_release(over[i]);
    }
}

/* Makes the pool's alarm, unless an earlier job had a deadline. */
static int make_alarm(filch_pool *pool)
{
    fl_alarm *alarm = &pool->alarms[FL_ALARM_DUE];
    if (fl_alarm_was_made(alarm))
        return 0;
    int rc = fl_alarm_init_call(alarm, pool->rt, ring, pool);
    if (!rc)
        filch_u32_store(&pool->deadlines.used, 1, FILCH_RELEASE); /* ShowAlarm */
    return rc;
}

/* It has a context, and no run timeout. */
static bool is_due_by_context(const filch_job *job)
{
    return fl_context_of(job) && !fl_run_timeout(job);
}

int fl_due_enter(filch_job *job)
{
    filch_pool *pool = job->pool;
    fl_job_more *more = fl_more(job);
    if (is_due_by_context(job) || more->in.due.place)
        return 0;
    const bool by_run = fl_run_timeout(job);
    if (more->deadline == FILCH_FOREVER && !by_run)
        return 0;
    int rc = make_alarm(pool);
    if (rc)
        return rc;
    rc = by_run ? fl_timer_heap_add(&pool->deadlines.run_dues, &more->in.due, more->deadline)
                : fl_timer_row_add(&pool->deadlines.dues, &more->in.due, more->deadline);
    if (rc)
        return fl_fail(ENOMEM, "no memory for a job's deadline; wait for some to end");
    fl_alarm_set(&pool->alarms[FL_ALARM_DUE], more->deadline);
    return 0;
}

static bool are_deadlocks_reported(void)
{
    const uint32_t how = filch_u32_load(&fl_detector_on, FILCH_RELAXED); /* a look */
    return FILCH_UNLIKELY(how == FL_DETECTOR_REPORTS);
}

uint64_t fl_dues_expect(filch_pool *pool, uint64_t count)
{
    if (!filch_u32_load(&pool->deadlines.used, FILCH_RELAXED) || /* relaxed: under the lock */
        are_deadlocks_reported())
        return count;
    pool->deadlines.expected = true;
    const size_t most = fl_timer_row_reserve(&pool->deadlines.dues);
    fl_alarm_set(&pool->alarms[FL_ALARM_DUE], fl_now_coarse() + COLLECTS);
    return count < most ? count : most;
}

bool fl_due_is_far(const filch_job *job)
{
    return filch_u32_load(&job->pool->deadlines.used, FILCH_ACQUIRE) && /* ReadAlarm */
           job->more->deadline >= fl_now_coarse() + FAR && !are_deadlocks_reported();
}

/* An empty row, or heap, gives back room for more than KEPT. */
static void trim(filch_pool *pool)
{
    if (!fl_timer_row_count(&pool->deadlines.dues) &&
        fl_timer_row_room(&pool->deadlines.dues) > KEPT)
        fl_timer_row_clear(&pool->deadlines.dues);
    if (!pool->deadlines.run_dues.count && pool->deadlines.run_dues.room > KEPT)
        fl_timer_heap_clear(&pool->deadlines.run_dues);
}

/* Jobs in the intake also need the room and the alarm. */
static void settle(filch_pool *pool)
{
    if (pool->deadlines.expected)
        return;
    trim(pool);
    if (are_deadlocks_reported() && !fl_timer_row_count(&pool->deadlines.dues) &&
        !pool->deadlines.run_dues.count)
        fl_alarm_unset(&pool->alarms[FL_ALARM_DUE]);
}

void fl_due_leave(filch_job *job)
{
    filch_pool *pool = job->pool;
    fl_timed *due = &job->more->in.due;
    if (!due->place)
        return;
    if (fl_run_timeout(job))
        fl_timer_heap_remove(&pool->deadlines.run_dues, due);
    else
        fl_timer_row_remove(&pool->deadlines.dues, due);
    settle(pool);
}

void fl_dues_expect_none(filch_pool *pool)
{
    if (!pool->deadlines.expected)
        return;
    pool->deadlines.expected = false;
    settle(pool);
}

/* Needs no memory: see the head. */
static void move_run_due(filch_job *job, int64_t when)
{
    filch_pool *pool = job->pool;
    fl_timed *due = &job->more->in.due;
    fl_timer_heap_remove(&pool->deadlines.run_dues, due);
    fl_timer_heap_add(&pool->deadlines.run_dues, due, when);
    fl_alarm_set(&pool->alarms[FL_ALARM_DUE], when);
}

/* With an outcome it has no entry, but perhaps a place in a results list. */
static bool has_run_due(const filch_job *job)
{
    return job->outcome == FILCH_UNDECIDED && fl_more(job) && fl_run_timeout(job);
}

void fl_due_begin(filch_job *job)
{
    if (!has_run_due(job))
        return;
    const int64_t end = fl_later(fl_now(), fl_run_timeout(job));
    move_run_due(job, end < job->more->deadline ? end : job->more->deadline);
}

void fl_due_pause(filch_job *job)
{
    if (has_run_due(job))
        move_run_due(job, job->more->deadline);
}

int64_t fl_due_of_context(const filch_job *job)
{
    const bool runs = job->stage == FL_JOB_RUNNING && has_run_due(job);
    if (!runs || fl_passes_policies(job))
        return job->more->deadline;
    return job->pool->deadlines.run_dues.entries[job->more->in.due.place - 1].when;
}

/* ---- The pool's context ---- */

static void call_off_row(const fl_row *row, int cause, fl_after *after)
{
    for (filch_job *job = row->first, *next; job; job = next) {
        next = job->age.next;
        fl_job_call_off(job, cause, after);
    }
}

static void context_done(fl_waiter *watcher)
{
    filch_pool *pool = FL_CONTAINER_OF(watcher, filch_pool, deadlines.watcher);
    fl_after after = {0};
    fl_pool_lock(pool);
    for (unsigned i = 0; fl_order_row(pool, i); i++)
        call_off_row(fl_order_row(pool, i), watcher->code, &after);
    call_off_row(&pool->order.delayed, watcher->code, &after);
    for (filch_job *job = pool->runners.in_progress.first; job; job = job->age.next)
        if (job->own && !fl_context_of(job))
            fl_job_call_off(job, watcher->code, &after);
    pool->deadlines.notified = true;
    pool->deadlines.notifying = false;
    fl_pool_leave(pool, &after);
}

void fl_pool_watch(filch_pool *pool)
{
    filch_context *context = pool->context;
    pool->deadlines.watcher = (fl_waiter){.told = context_done};
    pool->deadlines.watch = (fl_node){.waiter = &pool->deadlines.watcher};
    fl_lock(&context->lock);
    pool->deadlines.notified = filch_context_cause(context); /* its jobs look themselves */
    if (!pool->deadlines.notified)
        fl_waiters_add(&context->waiters, &pool->deadlines.watch);
    fl_unlock(&context->lock);
}

void fl_pool_unwatch(filch_pool *pool)
{
    filch_context *context = pool->context;
    if (!pool->deadlines.watcher.told || pool->deadlines.notified)
        return;
    fl_lock(&context->lock);
    bool mine = fl_waiter_claim(&pool->deadlines.watcher);
    if (mine)
        fl_waiters_remove(&context->waiters, &pool->deadlines.watch);
    fl_unlock(&context->lock);
    pool->deadlines.notified = mine;
    pool->deadlines.notifying = !mine;
}

/* ---- Stuck jobs ---- */

int fl_workers_make(filch_pool *pool, unsigned workers, unsigned spares)
{
    int rc = pool->config.runtime ? 0 : filch_runtime_resize(pool->rt, workers + spares);
    if (!rc)
        pool->width.workers = workers;
    return rc;
}

/* For a stuck job, one more or less. Under the lock. If no thread can be created, jobs wait for
 * that one. */
static void spare(const filch_job *job, int change)
{
    filch_pool *pool = job->pool;
    fl_intake_close(pool); /* fewer places: see runtime/pool/intake.h */
    pool->width.spares += (unsigned)change;
    if (!job->beyond) /* else it holds no place of a runner */
        pool->runners.excused += (unsigned)change;
    fl_workers_make(pool, pool->width.workers, pool->width.spares);
}

/* Under the lock, so that its fiber runs it. */
static void describe(filch_job *job, filch_stuck *out)
{
    const fl_overdue *late = &fl_trials(job)->overdue;
    const fl_fiber *fiber = late->fiber;
    *out = (filch_stuck){
        .name = job->name,
        .id = job->id,
        .age = fl_now() - late->began,
        .where = fl_fiber_suspended_in(fiber),
        .data = job->data,
    };
}

static void tell_stuck(filch_self self, filch_job *job)
{
    const fl_overdue *late = &fl_trials(job)->overdue;
    const filch_pool_config *config = &job->pool->config;
    (void)self;
    if (late->stuck && config->stuck)
        config->stuck(&late->report, config->stuck_arg);
}

/* Called by the timer thread: so much time has passed. */
static void overdue(void *arg)
{
    filch_job *job = arg;
    filch_pool *pool = job->pool;
    fl_overdue *late = &fl_trials(job)->overdue;
    fl_after after = {0};
    fl_pool_lock(pool);
    if (job->stage == FL_JOB_RUNNING && late->fiber) { /* else it never began, and never will */
        late->stuck = true;
        pool->stats.stuck++;
        describe(job, &late->report);
        late->spared = pool->width.spares < pool->config.spares;
        if (late->spared)
            spare(job, 1);
        if (!pool->direct.tallies) { /* its workers take the items */
            fl_pool_rouse(pool, &after);
            fl_pool_admit(pool, &after);
        }
    }
    fl_pool_leave(pool, &after);
    fl_pending_callback_go(&late->tells, job, tell_stuck);
}

void fl_stuck_begin(filch_job *job)
{
    fl_trials(job)->overdue.fiber = fl_fiber_here();
    fl_trials(job)->overdue.began = fl_now();
}

void fl_stuck_watch(filch_job *job)
{
    filch_pool *pool = job->pool;
    if (!pool->config.stuck_after)
        return;
    fl_overdue *late = &fl_trials(job)->overdue;
    int64_t when = fl_later(fl_now(), pool->config.stuck_after);
    if (!fl_timer_start_call(&late->timer, when, overdue, job))
        fl_pending_callback_begin(job);
}

void fl_stuck_leave(filch_job *job)
{
    if (!fl_trials(job))
        return;
    fl_overdue *late = &fl_trials(job)->overdue;
    if (late->stuck) {
        job->pool->stats.stuck--;
        if (late->spared)
            spare(job, -1);
    }
    if (fl_timer_stop(&late->timer))
        fl_pending_callback_call_off(job);
}
