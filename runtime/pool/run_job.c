/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A job in progress: the call of its function, and its outcome. ReadCause is an edge of
 * runtime/pool/pool.h. */
#include <runtime/pool/run_job.h>

#include <runtime/engine/events.h>
#include <runtime/engine/fiber.h>
#include <runtime/engine/panic.h>
#include <runtime/engine/worker.h>
#include <runtime/platform/clock.h>
#include <runtime/platform/error.h>
#include <runtime/platform/lock.h>
#include <runtime/pool/callbacks.h>
#include <runtime/pool/deadlines.h>
#include <runtime/pool/gate.h>
#include <runtime/pool/job.h>
#include <runtime/pool/order.h>
#include <runtime/pool/pool.h>
#include <runtime/pool/run_blocking.h>
#include <runtime/pool/runner.h>
#include <runtime/pool/submit.h>
#include <runtime/resilience/adaptive.h>
#include <runtime/resilience/breaker.h>
#include <runtime/resilience/retry.h>
#include <runtime/sync/timer.h>
#include <runtime/trace/format.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
    if (FILCH_UNLIKELY(job->pool->config.blocking))
        call->code = fl_job_call_blocking(job);
    else
        call->code = job->fn(self, job, job->data);
    fl_check_return(self, &named);
}

/* Also after filch_pool_shutdown_now has looked at those in progress. */
int fl_job_cause(const filch_job *job)
{
    const fl_job_more *more = fl_more(job);
    filch_context *context = fl_context_of(job);
    uint32_t own = more ? filch_u32_load(&more->cause, FILCH_ACQUIRE) : 0; /* ReadCause */
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
    fl_fiber_of(self)->running.ends_with = (fl_ends_with){fl_job_context_here, job};
    bool returned = fl_catch(self, job->name, call_job, &call, why);
    fl_fiber_of(self)->running.ends_with = (fl_ends_with){0};
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
    fl_aimd_call_over(&pool->width.aimd, adaptive_outcome(outcome), latency, now);
    bool wider = pool->width.aimd.limit > pool->stats.width;
    pool->stats.width = pool->width.aimd.limit;
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
        fl_row_leave(&job->pool->runners.in_progress, job);
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
    if (!job->slim)
        job->settling = false;
    ended->tells = end(job, ended->outcome, &ended->why, after);
    if (is_quiet(job, after)) {
        fl_fiber_of(self)->running.on_runner = false;
        leave(job->pool, fl_is_beyond(job), after);
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
    bool beyond = fl_is_beyond(job);
    if (ended->tells)
        fl_job_tell(self, job);
    fl_fiber_of(self)->running.on_runner = false;
    fl_attempts_leave(job);
    fl_job_unwatch(job);
    fl_job_drop(job);
    fl_lock(&pool->queue.room.lock);
    leave(pool, beyond, after);
}

bool fl_job_perform_but_end(filch_self self, filch_job *job, fl_ended *ended)
{
    fl_fiber *fiber = fl_fiber_of(self);
    filch_failure *why = &ended->why;
    int64_t again;
    fl_job_comes_to(fiber, job);
    fiber->running.on_runner = true;
    filch_outcome outcome = fl_attempt(self, job, why, &again);
    fiber->running.pooled = NULL;
    if (again && fl_delay(job, again)) { /* it may run elsewhere by now */
        fiber->running.on_runner = false;
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
    fl_lock(&pool->queue.room.lock);
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

/* ---- Attempts ---- */

/* One call of a policy, which may panic. */
typedef struct step {
    filch_job *job;
    filch_outcome outcome;
    const filch_failure *why;
    filch_breaker_ticket ticket;
    int rc;
    filch_retry_verdict verdict;
    int64_t again;
} step;

static bool guarded(filch_self self, step *one, filch_go_fn *fn)
{
    filch_failure panic;
    bool returned = fl_catch(self, one->job->name, fn, one, &panic);
    if (!returned)
        fl_panic_report(&panic);
    return returned;
}

static filch_outcome failed(const filch_job *job, filch_failure *why, int code)
{
    *why = (filch_failure){.code = code, .task = job->name};
    fl_failure_explain(why, code);
    return FILCH_FAILED;
}

/* ---- Limiter ---- */

filch_outcome fl_no_permit(const filch_job *job, filch_failure *why)
{
    *why = (filch_failure){.code = -ETIMEDOUT, .task = job->name};
    snprintf(why->message, sizeof why->message, "no permit before its deadline");
    return FILCH_TIMED_OUT;
}

/* When the permit is due; 0: it is there. A negative errno. */
static int64_t reserve(filch_job *job)
{
    fl_attempts *attempts = &fl_trials(job)->attempts;
    if (attempts->permitted) /* that was what it was delayed for */
        return 0;
    int rc = filch_limiter_reserve(job->pool->config.limiter, 1, &attempts->permit);
    if (rc)
        return rc;
    attempts->permitted = true;
    return attempts->permit.at > fl_now() ? attempts->permit.at : 0;
}

void fl_attempts_leave(filch_job *job)
{
    fl_job_trials *trials = fl_trials(job);
    if (!trials || !trials->attempts.permitted)
        return;
    trials->attempts.permitted = false;
    filch_limiter_give_back(&trials->attempts.permit);
}

/* true: go on. */
static bool permitted(filch_job *job, filch_failure *why, int64_t *again, filch_outcome *outcome)
{
    int64_t at = job->pool->config.limiter ? reserve(job) : 0;
    if (!at) {
        fl_trials(job)->attempts.permitted = false; /* it is used */
        return true;
    }
    if (at < 0) {
        *outcome = failed(job, why, (int)at);
    } else if (at > fl_job_deadline(job)) {
        fl_attempts_leave(job);
        *outcome = fl_no_permit(job, why);
    } else {
        *again = at;
        *outcome = failed(job, why, -EAGAIN);
    }
    return false;
}

/* ---- Breaker ---- */

static void ask(filch_self self, void *arg)
{
    step *one = arg;
    (void)self;
    one->rc = filch_breaker_allow(one->job->pool->config.breaker, &one->ticket);
}

static void report(filch_self self, void *arg)
{
    step *one = arg;
    (void)self;
    filch_breaker *breaker = one->job->pool->config.breaker;
    filch_breaker_verdict verdict = FILCH_BREAKER_FAILURE;
    if (one->outcome == FILCH_SUCCEEDED || one->outcome == FILCH_FAILED)
        verdict = fl_breaker_judge(breaker, one->why->code);
    else if (one->outcome == FILCH_CANCELLED)
        verdict = FILCH_BREAKER_NEITHER;
    filch_breaker_report(breaker, &one->ticket, verdict);
}

/* The function itself: how long the job has waited for it, and how long it takes. */
static filch_outcome run(filch_self self, filch_job *job, filch_failure *why)
{
    filch_pool *pool = job->pool;
    fl_job_record_if(pool->waits, job);
    filch_outcome outcome = fl_job_run(self, job, why);
    fl_job_record_if(pool->runs, job);
    return outcome;
}

/* true: the job waits for it. */
static bool is_held_by_breaker(filch_self self, step *one)
{
    const filch_pool_config *config = &one->job->pool->config;
    if (!config->breaker)
        return false;
    if (guarded(self, one, ask))
        return one->rc && fl_holds(config);
    one->rc = fl_fail(EHOSTDOWN, "the breaker of pool %s panicked", config->name);
    return false;
}

/* The attempt has not begun: its permit was not used. */
static int64_t hold(filch_job *job)
{
    fl_attempts *attempts = &fl_trials(job)->attempts;
    bool closed;
    if (job->pool->config.limiter)
        filch_limiter_give_back(&attempts->permit);
    attempts->held = true;
    return fl_gate_next_ask(job->pool->config.breaker, &closed, fl_now());
}

static filch_outcome run_if_allowed(filch_self self, step *one, filch_failure *why)
{
    if (one->rc)
        return failed(one->job, why, one->rc);
    one->outcome = run(self, one->job, why);
    if (one->job->pool->config.breaker)
        guarded(self, one, report);
    return one->outcome;
}

/* ---- Retry ---- */

int fl_attempts_begin(filch_job *job, const filch_retry_policy *own)
{
    const filch_retry_policy *policy = own ? own : job->pool->config.retry;
    if (!policy)
        return 0;
    fl_attempts *attempts = &fl_trials(job)->attempts;
    attempts->policy = policy;
    int rc = filch_retry_state_begin(policy, &attempts->retry);
    int64_t deadline = fl_job_deadline(job);
    if (deadline < attempts->retry.until)
        attempts->retry.until = deadline;
    return rc;
}

static void ask_for_another(filch_self self, void *arg)
{
    step *one = arg;
    (void)self;
    fl_attempts *attempts = &fl_trials(one->job)->attempts;
    int64_t delay = 0;
    one->verdict =
        filch_retry_state_next(attempts->policy, &attempts->retry, one->why->code, &delay);
    if (one->verdict == FILCH_RETRY_AGAIN)
        one->again = fl_now() + delay;
    fl_retry_tell(attempts->policy, attempts->retry.attempts, one->why->code, one->verdict, delay);
}

/* Adds to the message why there is no other attempt, where the failure itself would not say. */
static void say_verdict(filch_failure *why, filch_retry_verdict verdict)
{
    static const char *const reasons[] = {[FILCH_RETRY_NO_TIME] = "; no time for another attempt",
                                          [FILCH_RETRY_NO_BUDGET] =
                                              "; no budget for another attempt"};
    if (verdict < FILCH_RETRY_NO_TIME)
        return;
    size_t length = strlen(why->message), more = strlen(reasons[verdict]);
    if (length > sizeof why->message - 1 - more)
        length = sizeof why->message - 1 - more;
    memcpy(why->message + length, reasons[verdict], more + 1);
}

/* When it begins; 0: there is none. */
static int64_t another(filch_self self, filch_job *job, filch_failure *why)
{
    step one = {.job = job, .why = why};
    if (!fl_trials(job)->attempts.policy || fl_job_cause(job))
        return 0;
    bool asked = guarded(self, &one, ask_for_another);
    say_verdict(why, one.verdict);
    return asked ? one.again : 0;
}

/* ---- All together ---- */

/* The breaker may refuse the next attempt, whose failure says less. Without memory that one counts. */
static void keep_failure(filch_job *job, const filch_failure *why)
{
    fl_attempts *attempts = &fl_trials(job)->attempts;
    if (!job->pool->config.breaker || !job->pool->config.dead_letters)
        return;
    if (!attempts->last)
        attempts->last = malloc(sizeof *why);
    if (attempts->last)
        *attempts->last = *why;
}

static filch_outcome attempt(filch_self self, filch_job *job, filch_failure *why, int64_t *again)
{
    fl_attempts *attempts = &fl_trials(job)->attempts;
    step one = {.job = job, .outcome = FILCH_FAILED, .why = why};
    why->code = 0;
    attempts->held = false;
    if (!permitted(job, why, again, &one.outcome))
        return one.outcome;
    if (is_held_by_breaker(self, &one)) {
        *again = hold(job);
        return failed(job, why, one.rc);
    }
    attempts->refused = one.rc;
    attempts->began = fl_now();
    if (!filch_u32_add(&attempts->begun, 1, FILCH_RELAXED)) /* a number of its own */
        attempts->first = attempts->began;
    filch_outcome outcome = run_if_allowed(self, &one, why);
    if (outcome == FILCH_FAILED || outcome == FILCH_PANICKED)
        *again = another(self, job, why);
    if (*again && !attempts->refused)
        keep_failure(job, why);
    return outcome;
}

filch_outcome fl_attempt(filch_self self, filch_job *job, filch_failure *why, int64_t *again)
{
    const bool passes = fl_passes_policies(job);
    *again = 0;
    filch_outcome outcome =
        passes && !fl_job_cause(job) ? attempt(self, job, why, again) : run(self, job, why);
    if (passes && fl_trials(job)->attempts.probe)
        fl_gate_probed(job);
    return outcome;
}

/* ---- Dead letters ---- */

static void put(filch_self self, void *arg)
{
    step *one = arg;
    filch_job *job = one->job;
    (void)self;
    const fl_attempts *attempts = &fl_trials(job)->attempts;
    const filch_dead_letter_draft draft = {.name = job->name,
                                           .failure = attempts->refused && attempts->last
                                                          ? attempts->last
                                                          : one->why,
                                           .attempts = filch_job_attempts(job),
                                           .first = attempts->first,
                                           .data = job->data,
                                           .drop = job->more->drop};
    one->rc = filch_dead_letter_queue_put(job->pool->config.dead_letters, &draft, NULL);
    if (!one->rc) { /* they are the letter's */
        job->data = NULL;
        job->more->drop = NULL;
    }
}

filch_outcome fl_attempts_end(filch_self self, filch_job *job, filch_outcome outcome,
                              const filch_failure *why)
{
    filch_pool *pool = job->pool;
    step one = {.job = job, .why = why, .rc = -ECANCELED};
    if (!pool->config.dead_letters || (outcome != FILCH_FAILED && outcome != FILCH_PANICKED))
        return outcome;
    fl_lock(&pool->queue.room.lock);
    bool settling = job->settling = job->outcome == FILCH_UNDECIDED;
    fl_unlock(&pool->queue.room.lock);
    if (settling)
        guarded(self, &one, put);
    return one.rc ? outcome : FILCH_DEAD_LETTERED;
}

/* ---- Delays ---- */

/* Jobs that are delayed: runtime/pool/run_job.h. */

/* Called by the timer thread at the time. */
static void due(void *arg)
{
    filch_job *job = arg;
    filch_pool *pool = job->pool;
    fl_after after = {0};
    fl_pool_lock(pool);
    bool delayed = job->stage == FL_JOB_DELAYED;
    if (delayed) {
        fl_row_leave(&pool->order.delayed, job);
        pool->stats.delayed--;
        if (!fl_awaits_leave(
                &fl_trials(job)->attempts)) /* else it still waits for its first call */
            fl_job_date(job);
        fl_pending_callback_call_off(job);
        if (job->beyond)
            fl_pool_run_beyond(pool, job, &after);
        else
            fl_pool_queue(pool, job, &after);
        fl_pool_admit(pool, &after);
    }
    fl_pool_leave(pool, &after);
    if (!delayed)
        fl_pending_callback_go(&fl_trials(job)->attempts.over, job, NULL);
}

bool fl_delay(filch_job *job, int64_t until)
{
    filch_pool *pool = job->pool;
    fl_attempts *attempts = &fl_trials(job)->attempts;
    fl_after after = {0};
    fl_pool_lock(pool);
    bool may = job->outcome == FILCH_UNDECIDED && !fl_job_cause(job) &&
               !fl_timer_start_call(&attempts->timer, until, due, job);
    if (may) {
        fl_job_become(job, FL_JOB_DELAYED);
        fl_job_give_place(job);
        fl_due_pause(job);
        fl_trials(job)->overdue.fiber = NULL;
        fl_row_leave(&pool->runners.in_progress, job);
        fl_row_enter(&pool->order.delayed, job);
        fl_pool_progressed(pool, job->beyond);
        pool->stats.delayed++;
        fl_pool_note_waiting(pool);
        pool->stats.retries += !fl_awaits_leave(attempts);
        fl_pending_callback_begin(job);
        fl_pool_admit(pool, &after);
    }
    fl_pool_leave(pool, &after);
    return may;
}

void fl_delay_end(filch_job *job)
{
    fl_row_leave(&job->pool->order.delayed, job);
    job->pool->stats.delayed--;
    if (fl_timer_stop(&fl_trials(job)->attempts.timer))
        fl_pending_callback_call_off(job);
}
