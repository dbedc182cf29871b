/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/pool/attempt.h>

#include <runtime/platform/lock.h>
#include <runtime/pool/gate.h>
#include <runtime/pool/parts.h>
#include <runtime/pool/perform.h>
#include <runtime/pool/pool.h>

#include <runtime/engine/panic.h>
#include <runtime/platform/clock.h>
#include <runtime/platform/error.h>
#include <runtime/resilience/breaker.h>
#include <runtime/resilience/retry.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
    int rc = filch_retry_begin(policy, &attempts->retry);
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
    one->verdict = filch_retry_next(attempts->policy, &attempts->retry, one->why->code, &delay);
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
    one->rc = filch_dead_letters_put(job->pool->config.dead_letters, &draft, NULL);
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
    fl_lock(&pool->room.lock);
    bool settling = job->settling = job->outcome == FILCH_UNDECIDED;
    fl_unlock(&pool->room.lock);
    if (settling)
        guarded(self, &one, put);
    return one.rc ? outcome : FILCH_DEAD_LETTERED;
}
