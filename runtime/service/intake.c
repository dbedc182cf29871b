/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/service/intake.h>

#include <runtime/platform/container.h>
#include <runtime/service/broker.h>
#include <runtime/service/connection.h>
#include <runtime/service/job.h>
#include <runtime/service/list.h>
#include <runtime/service/message.h>
#include <runtime/service/perform.h>
#include <runtime/service/record.h>
#include <runtime/service/service.h>
#include <runtime/service/settle.h>
#include <runtime/service/types.h>
#include <runtime/service/verdict.h>

#include <stdio.h>

enum { RECEIVE_BATCH = 128, SUBMIT_BATCH = 128 };

/* ---- Checks ---- */

/* Fields that a foreign publisher leaves out. */
static void complete(filch_service_job *job)
{
    filch_message *message = &job->message;
    *message = job->delivery.message;
    message->attempt = message->attempt ? message->attempt : 1;
    message->queue = job->service->queue_names[job->delivery.queue];
    if (!message->first_seen)
        message->first_seen = fl_service_unix_time(job->service);
    if (!message->id && job->service->config.envelope != FILCH_ENVELOPE_JSON) {
        fl_message_random_id(job->id);
        message->id = job->id;
    }
}

/* Sets the type. NULL, or why it has none. */
static const char *find_type(filch_service_job *job)
{
    filch_service *service = job->service;
    if (service->config.envelope == FILCH_ENVELOPE_RAW) {
        job->type = &service->types[0];
        job->message.type = job->type->handler.type;
        return NULL;
    }
    if (!job->message.type)
        return "message without a type";
    job->type = fl_service_type_of(service, job->message.type);
    if (job->type)
        return NULL;
    snprintf(job->verdict.reason, FL_REASON_BYTES, "unknown task type: %.80s", job->message.type);
    return job->verdict.reason;
}

static const char *is_malformed(filch_service_job *job)
{
    const char *why = job->delivery.malformed;
    if (!why && job->service->config.envelope == FILCH_ENVELOPE_JSON)
        why = fl_envelope_open_json(&job->message, &job->texts);
    return why ? why : find_type(job);
}

/* NULL: it may run. */
static const char *find_fault(filch_service_job *job)
{
    filch_service *service = job->service;
    const filch_message *message = &job->message;
    const char *why = is_malformed(job);
    if (why) {
        service->stats.malformed++;
        return why;
    }
    if (message->expires && message->expires <= fl_service_unix_time(service)) {
        service->stats.expired++;
        return "expired";
    }
    if (message->deliveries > service->config.deliveries) {
        service->stats.poison++;
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
    const char *why = find_fault(job);
    if (why) {
        fl_service_bury(job, why);
        fl_record_refusal(job);
        fl_service_answer_job(job);
        return;
    }
    service->stats.held++;
    if (service->stats.held > service->stats.held_most)
        service->stats.held_most = service->stats.held;
    fl_list_append(&job->type->waiting, &job->link);
}

/* ---- Receiving ---- */

/* Messages go only where there is room. true: as many as asked for. */
static bool receive_from(filch_service *service, unsigned queue, unsigned most)
{
    fl_delivery *batch[RECEIVE_BATCH];
    unsigned count = 0;
    most = most < RECEIVE_BATCH ? most : RECEIVE_BATCH;
    const fl_broker_kind *kind = service->link.kind;
    fl_broker_rc rc = kind->receive(service->link.broker, queue, batch, most, &count);
    for (unsigned i = 0; i < count; i++) {
        batch[i]->queue = queue;
        take_in(FL_CONTAINER_OF(batch[i], filch_service_job, delivery));
    }
    if (service->credit[queue] > count)
        service->credit[queue] -= count;
    else
        service->credit[queue] = 0;
    fl_service_judge(service, rc);
    if (rc == FL_BROKER_BUSY)
        service->receive_at = fl_service_now(service) + FL_SETTLE_PAUSE;
    return rc == FL_BROKER_OK && count == most;
}

static unsigned room(const filch_service *service)
{
    return (unsigned)(service->stats.prefetch - service->stats.held);
}

/* Messages of one round for each unit of weight. */
static unsigned scale_of(const filch_service *service)
{
    unsigned weights = 0, space = room(service);
    for (unsigned i = 0; i < service->config.queue_count; i++)
        weights += service->queues[i].weight;
    return space / weights ? space / weights : 1;
}

/* One round over the queues; each may take its weight's share of the room, or all in strict order.
 * true: some queue may have more. */
static bool receive_round(filch_service *service)
{
    const filch_service_config *config = &service->config;
    unsigned scale = scale_of(service);
    bool more = false;
    for (unsigned i = 0; i < config->queue_count && room(service) && service->link.broker; i++) {
        unsigned queue = config->strict ? i : service->turn_queue;
        if (!service->credit[queue])
            service->credit[queue] = service->queues[queue].weight * scale;
        unsigned most = config->strict ? room(service) : service->credit[queue];
        if (receive_from(service, queue, most < room(service) ? most : room(service)))
            more = true;
        else
            service->credit[queue] = 0;
        if (!service->credit[queue]) /* else its turn goes on when there is room again */
            service->turn_queue = (queue + 1) % config->queue_count;
    }
    return more;
}

/* Batches pay: it waits until half of the buffer is used up. */
static bool is_low(const filch_service *service)
{
    uint64_t least = service->config.buffer / 2 ? service->config.buffer / 2 : 1;
    return service->stats.prefetch - service->stats.held >= least;
}

void fl_service_foresee(filch_service *service)
{
    const fl_broker_kind *kind = service->link.kind;
    if (!kind->foresee || !service->more || service->stats.is_draining || !is_low(service))
        return;
    unsigned queue = service->config.strict ? 0 : service->turn_queue, most = room(service);
    unsigned share = service->credit[queue] ? service->credit[queue]
                                            : service->queues[queue].weight * scale_of(service);
    if (!service->config.strict && share < most)
        most = share;
    kind->foresee(service->link.broker, queue, most < RECEIVE_BATCH ? most : RECEIVE_BATCH);
}

void fl_service_receive(filch_service *service)
{
    while (service->more && service->link.broker && is_low(service))
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

static unsigned take_permitted(filch_service *service, fl_service_type *type, void **batch)
{
    unsigned count = 0;
    while (count < SUBMIT_BATCH && !fl_list_is_empty(&type->waiting) &&
           type->in_pool < type->handler.width && is_permitted(type)) {
        filch_service_job *job = fl_job_of_link(fl_list_take(&type->waiting));
        type->permitted = false;
        type->in_pool++;
        service->in_pool++;
        job->in_pool = true;
        job->state = FL_SERVICE_QUEUED; /* the pool has not seen it yet */
        batch[count++] = job;
    }
    return count;
}

/* Without memory, the rest waits for the next turn. */
static void put_back(filch_service *service, fl_service_type *type, void **batch, size_t from,
                     size_t count)
{
    for (size_t i = count; i > from; i--) {
        filch_service_job *job = batch[i - 1];
        job->state = FL_SERVICE_WAITING;
        job->in_pool = false;
        type->in_pool--;
        service->in_pool--;
        fl_list_insert(type->waiting.next, &job->link);
    }
}

static void dispatch(filch_service *service, fl_service_type *type)
{
    void *batch[SUBMIT_BATCH];
    size_t accepted = 0;
    unsigned count;
    do {
        count = take_permitted(service, type, batch);
        if (count)
            filch_pool_submit_all(service->pool, fl_service_perform, batch, count, NULL,
                                  FILCH_FOREVER, &accepted);
        else
            accepted = 0;
        put_back(service, type, batch, accepted, count);
    } while (count == SUBMIT_BATCH && accepted == count);
}

void fl_service_dispatch(filch_service *service)
{
    for (unsigned i = 0; i < service->type_count; i++)
        dispatch(service, &service->types[i]);
}
