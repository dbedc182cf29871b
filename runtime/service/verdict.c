/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/service/verdict.h>

#include <runtime/service/broker.h>
#include <runtime/service/service.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { ATTEMPTS = 3 }; /* the default of filch_retry_policy */
#define BREAKER_PAUSE (100 * FILCH_MILLISECOND)

void fl_service_bury(filch_service_job *job, const char *reason)
{
    fl_service_verdict *verdict = &job->verdict;
    verdict->outcome = FILCH_SERVICE_DEAD;
    verdict->verb = FL_SETTLE_DEAD;
    if (reason != verdict->reason)
        snprintf(verdict->reason, sizeof verdict->reason, "%s", reason);
}

static void again(filch_service_job *job, filch_service_outcome outcome, unsigned attempt,
                  int64_t delay)
{
    job->verdict.outcome = outcome;
    job->verdict.verb = FL_SETTLE_RETRY;
    job->verdict.attempt = attempt;
    job->verdict.delay = delay;
}

/* Puts words in front of the reason. */
static void prefix(filch_service_job *job, const char *words)
{
    char old[FL_REASON_BYTES];
    memcpy(old, job->verdict.reason, sizeof old);
    snprintf(job->verdict.reason, sizeof job->verdict.reason, "%s: %.90s", words, old);
}

/* After an attempt that counts. */
static void retry(filch_service_job *job)
{
    const filch_retry_policy *policy = job->type->handler.retry;
    unsigned most = policy->attempts ? policy->attempts : ATTEMPTS;
    unsigned attempt = job->message.attempt;
    filch_retry_state state;
    filch_retry_begin(policy, &state);
    int64_t delay = job->after ? job->after : filch_retry_delay(policy, attempt, &state);
    int64_t age = filch_service_job_age(job);
    if (most != FILCH_RETRY_FOR_EVER && attempt >= most) {
        prefix(job, "no attempts left");
        fl_service_bury(job, job->verdict.reason);
    } else if (policy->time && age + delay > policy->time) {
        prefix(job, "no time left for another attempt");
        fl_service_bury(job, job->verdict.reason);
    } else {
        again(job, FILCH_SERVICE_RETRIED, attempt + 1, delay);
    }
}

static void breaker_refused(filch_service_job *job)
{
    filch_breaker_stats stats;
    filch_breaker_stats_read(job->type->handler.breaker, &stats, sizeof stats);
    int64_t delay = stats.until == FILCH_FOREVER ? BREAKER_PAUSE : stats.until - filch_now();
    again(job, FILCH_SERVICE_RETRIED, job->message.attempt,
          delay > BREAKER_PAUSE ? delay : BREAKER_PAUSE);
}

static bool is_retryable(const filch_retry_policy *policy, int code)
{
    return policy->retryable ? policy->retryable(code, policy->arg) : filch_retryable(code);
}

/* Its attempt does not count, because the service ended it. */
static bool was_stopped(const filch_service_job *job)
{
    return job->answer != FL_ANSWER_FAIL && filch_context_cause(job->service->context);
}

static bool is_cancelled(filch_service_job *job)
{
    if (!job->code && !job->refused)
        return false;
    pthread_mutex_lock(&job->service->lock);
    bool stopped = job->stopped;
    pthread_mutex_unlock(&job->service->lock);
    return stopped;
}

void fl_service_decide(filch_service_job *job)
{
    const fl_service_type *type = job->type;
    if (is_cancelled(job))
        job->verdict =
            (fl_service_verdict){.outcome = FILCH_SERVICE_CANCELLED, .verb = FL_SETTLE_ACK};
    else if (job->refused)
        breaker_refused(job);
    else if (!job->code)
        job->verdict.verb = FL_SETTLE_ACK;
    else if (was_stopped(job))
        again(job, FILCH_SERVICE_GIVEN_BACK, job->message.attempt, 0);
    else if (job->answer == FL_ANSWER_RETRY ||
             (job->answer == FL_ANSWER_CODE && is_retryable(type->handler.retry, job->code)))
        retry(job);
    else
        fl_service_bury(job, job->verdict.reason);
}
