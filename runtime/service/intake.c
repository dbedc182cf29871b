/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/service/intake.h>

#include <runtime/platform/container.h>
#include <runtime/service/broker.h>
#include <runtime/service/connection.h>
#include <runtime/service/job.h>
#include <runtime/service/loop.h>
#include <runtime/service/message.h>
#include <runtime/service/ready.h>
#include <runtime/service/run_job.h>
#include <runtime/service/service.h>
#include <runtime/service/settle.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* ---- Checks ---- */

/* Fields that a foreign publisher leaves out. An id is drawn for a copy only (settle.c): an id that is new
 * at each delivery would identify nothing. */
static void complete(filch_service_job *job)
{
    filch_message *message = &job->message;
    *message = job->delivery.message;
    if (message->type && !*message->type)
        message->type = NULL;
    message->attempt = message->attempt ? message->attempt : 1;
    message->queue = job->service->queue_names[job->delivery.queue];
    if (!message->first_seen)
        message->first_seen = fl_service_unix_time(job->service);
}

static const char *has_no_type(filch_service_job *job, const char *why, const char *remedy)
{
    snprintf(job->verdict.reason, FL_REASON_BYTES, "%s (%s)", why, remedy);
    return job->verdict.reason;
}

/* Gives the message its type, from its body where the envelope says so. NULL, or why it has none. */
static const char *open_envelope(filch_service_job *job)
{
    const filch_service *service = job->service;
    filch_message *message = &job->message;
    filch_envelope envelope = service->config.envelope;
    fl_envelope_rc rc = FL_ENVELOPE_NONE;
    const char *why;
    if (envelope == FILCH_ENVELOPE_JSON || (envelope == FILCH_ENVELOPE_AUTO && !message->type)) {
        rc = fl_envelope_open_json(message, &job->texts, &why);
        if (rc == FL_ENVELOPE_MALFORMED || (rc && envelope == FILCH_ENVELOPE_JSON))
            return has_no_type(job, why, "envelope=raw takes any body");
    }
    if (envelope == FILCH_ENVELOPE_NATIVE && !message->type)
        return has_no_type(job, "message without a type",
                           "envelope=native; auto also looks into the body");
    if (envelope == FILCH_ENVELOPE_AUTO && !message->type && service->type_count > 1)
        return has_no_type(job, "message without a type, beside or in its body",
                           "envelope=auto; raw: the first handler takes all");
    if (envelope == FILCH_ENVELOPE_RAW || !message->type)
        message->type = service->types[0].handler.type;
    return NULL;
}

/* Sets the type. NULL, or why it has none. */
static const char *find_type(filch_service_job *job)
{
    filch_service *service = job->service;
    const char *why = open_envelope(job);
    if (why)
        return why;
    job->type = service->config.envelope == FILCH_ENVELOPE_RAW
                    ? &service->types[0]
                    : fl_service_type_of(service, job->message.type);
    if (job->type)
        return NULL;
    snprintf(job->verdict.reason, FL_REASON_BYTES, "unknown task type: %.80s", job->message.type);
    return job->verdict.reason;
}

/* NULL: it may run. Otherwise *count is the counter of its end. */
static const char *find_fault(filch_service_job *job, uint64_t **count)
{
    filch_service *service = job->service;
    const filch_message *message = &job->message;
    const char *why = job->delivery.malformed ? job->delivery.malformed : find_type(job);
    *count = &service->stats.malformed;
    if (why)
        return why;
    if (message->expires && message->expires <= fl_service_unix_time(service)) {
        *count = &service->stats.expired;
        return "expired";
    }
    if (message->deliveries > service->config.deliveries) {
        *count = &service->stats.poison;
        snprintf(job->verdict.reason, FL_REASON_BYTES,
                 "poison: delivered %u times without an outcome", message->deliveries - 1);
        return job->verdict.reason;
    }
    return NULL;
}

static void take_in(filch_service_job *job)
{
    filch_service *service = job->service;
    service->stats.received++;
    fl_service_lease(job);
    complete(job);
    uint64_t *count;
    const char *why = find_fault(job, &count);
    if (why) {
        fl_service_bury(job, why);
        fl_service_answer_job(job, count);
        return;
    }
    service->stats.held++;
    service->held_bytes += job->delivery.message.body_size;
    if (service->stats.held > service->stats.held_most)
        service->stats.held_most = service->stats.held;
    fl_list_append(&job->type->waiting, &job->link);
}

/* ---- Receiving ---- */

static unsigned room(const filch_service *service)
{
    uint64_t most = service->config.width + service->ahead.now; /* may be fewer than are held */
    return most > service->stats.held ? (unsigned)(most - service->stats.held) : 0;
}

/* How many messages of one queue a round may take for each unit of its weight. */
static unsigned scale_of(const filch_service *service)
{
    unsigned weights = 0, space = room(service);
    for (unsigned i = 0; i < service->config.queue_count; i++)
        weights += service->queues[i].weight;
    return space / weights ? space / weights : 1;
}

/* step: of the round. Each queue may take its weight's share of the room, or all in strict order. */
static fl_service_share share_of(filch_service *service, unsigned step, unsigned scale)
{
    bool strict = service->config.strict;
    unsigned queue = strict ? step : service->turn_queue, space = room(service);
    if (!service->credit[queue])
        service->credit[queue] = service->queues[queue].weight * scale;
    unsigned most = strict || service->credit[queue] > space ? space : service->credit[queue];
    return (fl_service_share){queue, most < FL_RECEIVE_BATCH ? most : FL_RECEIVE_BATCH};
}

fl_service_share fl_service_next_share(filch_service *service)
{
    return share_of(service, 0, scale_of(service));
}

bool fl_service_take(filch_service *service, const fl_service_share *share, fl_delivery **batch,
                     unsigned count, fl_broker_rc rc)
{
    unsigned *credit = &service->credit[share->queue];
    bool full = rc == FL_BROKER_OK && count == share->most;
    for (unsigned i = 0; i < count; i++) {
        batch[i]->queue = share->queue;
        take_in(FL_CONTAINER_OF(batch[i], filch_service_job, delivery));
    }
    *credit = full && *credit > count ? *credit - count : 0;
    if (!*credit) /* else its turn goes on when there is room again */
        service->turn_queue = (share->queue + 1) % service->config.queue_count;
    if (fl_service_judge(service, FL_CALL_RECEIVE, rc))
        fl_service_stop_redelivered(service, batch, count);
    if (rc == FL_BROKER_BUSY)
        service->receive_at = fl_service_now(service) + FL_SETTLE_PAUSE;
    return full;
}

/* One round over the queues; messages go only where there is room. true: some queue may have more. */
static bool receive_round(filch_service *service)
{
    const fl_broker_kind *kind = service->link.kind;
    unsigned scale = scale_of(service);
    bool more = false;
    for (unsigned i = 0; i < service->config.queue_count && room(service) && service->link.broker;
         i++) {
        fl_delivery *batch[FL_RECEIVE_BATCH];
        unsigned count = 0;
        fl_service_share share = share_of(service, i, scale);
        fl_broker_rc rc =
            kind->receive(service->link.broker, share.queue, batch, share.most, &count);
        more |= fl_service_take(service, &share, batch, count, rc);
    }
    return more;
}

unsigned fl_service_missing_room(const filch_service *service)
{
    unsigned least = service->ahead.now / 2 ? service->ahead.now / 2 : 1;
    return room(service) < least ? least - room(service) : 0;
}

bool fl_service_may_receive(const filch_service *service)
{
    return service->more && service->link.broker && !fl_service_missing_room(service);
}

bool fl_service_goes_on(const filch_service *service)
{
    return fl_service_may_receive(service) && service->pending_count < FL_SETTLE_BATCH;
}

void fl_service_receive(filch_service *service)
{
    while (fl_service_goes_on(service))
        service->more = receive_round(service);
}

/* ---- Dispatching ---- */

/* By its rate; a permit is kept until it is used. */
static bool is_permitted(fl_service_type *type)
{
    filch_reservation permit;
    if (!type->limiter)
        return true;
    if (!type->permitted && filch_limiter_reserve(type->limiter, 1, &permit) == 0) {
        type->permitted = true;
        type->next = permit.at;
    }
    return type->permitted && type->next <= filch_now();
}

bool fl_service_has_waiting(const filch_service *service)
{
    for (unsigned i = 0; i < service->type_count; i++)
        if (!fl_list_is_empty(&service->types[i].waiting))
            return true;
    return false;
}

int64_t fl_service_rate_due(const filch_service *service)
{
    int64_t due = FILCH_FOREVER;
    for (unsigned i = 0; i < service->type_count; i++) {
        const fl_service_type *type = &service->types[i];
        if (type->permitted && !fl_list_is_empty(&type->waiting) &&
            type->in_pool < type->handler.width && type->next < due)
            due = type->next;
    }
    return due;
}

static void take_permitted(fl_service_type *type, filch_service *service, fl_list *jobs)
{
    while (!fl_list_is_empty(&type->waiting) && type->in_pool < type->handler.width &&
           is_permitted(type)) {
        filch_service_job *job = fl_job_of_link(fl_list_take(&type->waiting));
        type->permitted = false;
        type->in_pool++;
        service->in_pool++;
        fl_list_append(jobs, &job->over);
    }
}

void fl_service_leave(const filch_service_job *job)
{
    job->type->in_pool--;
    job->service->in_pool--;
}

void fl_service_dispatch(filch_service *service)
{
    fl_list jobs;
    fl_list_init(&jobs);
    for (unsigned i = 0; i < service->type_count; i++)
        take_permitted(&service->types[i], service, &jobs);
    fl_ready_add(service, &jobs);
}

/* ---- Verdicts on deliveries ---- */

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
    filch_retry_state_begin(policy, &state);
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
