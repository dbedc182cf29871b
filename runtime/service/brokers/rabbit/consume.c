/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <filch/timer.h>
#include <filch/wait.h>
#include <runtime/service/broker.h>
#include <runtime/service/brokers/rabbit/rabbit.h>
#include <runtime/service/copy.h>
#include <runtime/service/message.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Clocks of the server count in ms, and cut off the rest. */
static const int64_t EARLY = 2 * FILCH_MILLISECOND;

fl_broker_rc fl_rabbit_consume(fl_rabbit *r)
{
    fl_broker_rc rc = FL_BROKER_OK;
    amqp_connection_state_t state = r->main.state;
    for (unsigned i = 0; i < r->config.queue_count && !rc; i++) {
        static const char doing[] = "consume from";
        amqp_channel_t channel = (amqp_channel_t)(FL_RABBIT_DELIVERIES + i);
        amqp_channel_open(state, channel);
        rc = fl_rabbit_answer(r, &r->main, doing, channel, NULL);
        if (!rc) {
            amqp_basic_qos(state, channel, 0, (uint16_t)r->room, 0);
            rc = fl_rabbit_answer(r, &r->main, doing, channel, NULL);
        }
        if (!rc) {
            amqp_basic_consume(state, channel, amqp_cstring_bytes(r->config.queues[i]),
                               amqp_cstring_bytes("filch"), 0, 0, 0, amqp_empty_table);
            rc = fl_rabbit_answer(r, &r->main, doing, channel, NULL);
        }
    }
    return rc;
}

/* ---- Frames ---- */

void fl_rabbit_drop(fl_rabbit *r, fl_delivery *delivery)
{
    free(delivery->handle);
    delivery->handle = NULL;
    r->base.host->drop(r->base.host, delivery);
}

static fl_broker_rc give_back(fl_rabbit *r, fl_delivery *delivery, unsigned queue, uint64_t tag)
{
    if (delivery)
        fl_rabbit_drop(r, delivery);
    return fl_rabbit_nack(r, queue, tag);
}

/* With adopt=yes, a message without an id is not delivered, but its copy, which has one. Dead letters, and
 * messages of a brief reader, stay as they are. */
static bool is_adopted(fl_rabbit *r, fl_delivery *delivery)
{
    const fl_rabbit_target from = {r->config.queues[delivery->queue], FL_RABBIT_WORK, 0};
    const fl_broker_host *host = r->base.host;
    filch_message *message = &delivery->message;
    fl_rabbit_original *original = delivery->handle;
    if (!r->url.adopt || message->id || delivery->malformed || !original || r->config.brief ||
        fl_rabbit_is_for_dead_letters(&from))
        return false;
    fl_message_random_id(original->id);
    message->id = original->id;
    message->first_seen = message->first_seen ? message->first_seen : host->unix_time(host);
    return true;
}

/* The message of a part is whole, or too long. */
static fl_broker_rc deliver(fl_rabbit *r, unsigned queue, const char *body)
{
    int64_t due;
    fl_rabbit_queue *q = &r->queues[queue];
    const fl_broker_host *host = r->base.host;
    fl_delivery *delivery = r->ceased ? NULL : fl_rabbit_decode(r, queue, body, &due);
    if (!delivery)
        return give_back(r, NULL, queue, q->part.tag);
    delivery->tag[0] = q->part.tag;
    delivery->tag[1] = r->epoch;
    delivery->lease_until = FILCH_FOREVER;
    q->tags[q->tag_count++] = q->part.tag;
    bool is_early = due > host->unix_time(host) + EARLY;
    if (is_early)
        delivery->message.delay = due - host->unix_time(host);
    if (is_adopted(r, delivery) || is_early) {
        r->early[r->early_count++] = delivery;
        return FL_BROKER_OK;
    }
    q->ready[(q->ready_first + q->ready_count++) % r->room] = delivery;
    return FL_BROKER_OK;
}

fl_broker_rc fl_rabbit_on_deliver(fl_rabbit *r, unsigned queue, uint64_t tag, bool redelivered)
{
    const fl_broker_host *host = r->base.host;
    fl_rabbit_queue *q = &r->queues[queue];
    if (q->tag_count == r->room)
        return host->explain(host, FL_BROKER_LOST,
                             "RabbitMQ delivered more than the prefetch of %u", r->room);
    q->part = (fl_rabbit_part){.at = FL_RABBIT_HEADER, .tag = tag, .redelivered = redelivered};
    return FL_BROKER_OK;
}

static fl_broker_rc end_part(fl_rabbit *r, unsigned queue, const char *body)
{
    fl_rabbit_part *part = &r->queues[queue].part;
    fl_broker_rc rc = part->done ? FL_BROKER_OK : deliver(r, queue, body);
    free(part->body);
    *part = (fl_rabbit_part){.at = FL_RABBIT_IDLE};
    return rc;
}

fl_broker_rc fl_rabbit_on_header(fl_rabbit *r, unsigned queue, uint64_t size,
                                 const amqp_basic_properties_t *properties, amqp_bytes_t raw)
{
    fl_rabbit_part *part = &r->queues[queue].part;
    if (part->at != FL_RABBIT_HEADER)
        return fl_rabbit_broken(r, &r->main, "read from", AMQP_STATUS_BAD_AMQP_DATA);
    part->at = FL_RABBIT_BODY;
    part->size = size;
    part->properties = *properties;
    part->raw = raw;
    if (size == 0)
        return end_part(r, queue, "");
    part->done = size > r->config.body_most;
    return part->done ? deliver(r, queue, NULL) : FL_BROKER_OK;
}

/* A body of one frame is used where it lies. */
fl_broker_rc fl_rabbit_on_body(fl_rabbit *r, unsigned queue, amqp_bytes_t bytes)
{
    fl_rabbit_part *part = &r->queues[queue].part;
    if (bytes.len > part->size - part->filled)
        return fl_rabbit_broken(r, &r->main, "read from", AMQP_STATUS_BAD_AMQP_DATA);
    if (bytes.len == part->size && !part->done)
        return end_part(r, queue, bytes.bytes);
    if (!part->done && !part->body && !(part->body = malloc(part->size)))
        return fl_rabbit_broken(r, &r->main, "read from", AMQP_STATUS_NO_MEMORY);
    if (!part->done)
        memcpy(part->body + part->filled, bytes.bytes, bytes.len);
    part->filled += bytes.len;
    return part->filled < part->size ? FL_BROKER_OK : end_part(r, queue, part->body);
}

/* ---- Receiving ---- */

/* Early or adopted: as retries whose attempt does not change. Those that the server does not take now stay. */
fl_broker_rc fl_rabbit_send_early(fl_rabbit *r)
{
    enum { BATCH = 64 };
    fl_settlement items[BATCH];
    unsigned count = r->early_count < BATCH ? r->early_count : BATCH, left = 0;
    for (unsigned i = 0; i < count; i++)
        items[i] = (fl_settlement){.delivery = r->early[i],
                                   .verb = FL_SETTLE_RETRY,
                                   .attempt = r->early[i]->message.attempt,
                                   .delay = r->early[i]->message.delay};
    fl_broker_rc rc = count ? fl_copy_settle(&r->base, items, count) : FL_BROKER_OK;
    for (unsigned i = 0; i < r->early_count; i++)
        if (i < count && items[i].status != -EAGAIN)
            fl_rabbit_drop(r, r->early[i]);
        else
            r->early[left++] = r->early[i];
    r->early_count = left;
    return rc == FL_BROKER_BUSY ? FL_BROKER_OK : rc;
}

static fl_delivery *take_ready(fl_rabbit *r, fl_rabbit_queue *q)
{
    fl_delivery *delivery = q->ready[q->ready_first];
    q->ready_first = (q->ready_first + 1) % r->room;
    q->ready_count--;
    return delivery;
}

fl_broker_rc fl_rabbit_receive(fl_broker *broker, unsigned queue, fl_delivery **out, unsigned most,
                               unsigned *count)
{
    fl_rabbit *r = fl_rabbit_of(broker);
    fl_rabbit_queue *q = &r->queues[queue];
    bool looks = q->ready_count < most && !r->drained;
    fl_broker_rc rc = looks ? fl_rabbit_drain(r, &r->main) : FL_BROKER_OK;
    r->drained = false;
    for (*count = 0; *count < most && q->ready_count; ++*count)
        out[*count] = take_ready(r, q);
    return rc ? rc : fl_rabbit_send_early(r);
}

/* ---- Ending ---- */

static fl_broker_rc give_all_back(fl_rabbit *r)
{
    fl_broker_rc rc = FL_BROKER_OK;
    while (r->early_count && !rc) {
        fl_delivery *one = r->early[--r->early_count];
        rc = give_back(r, one, one->queue, one->tag[0]);
    }
    for (unsigned i = 0; i < r->config.queue_count; i++)
        while (r->queues[i].ready_count && !rc) {
            fl_delivery *one = take_ready(r, &r->queues[i]);
            rc = give_back(r, one, i, one->tag[0]);
        }
    return rc;
}

/* Deliveries precede the answer to their end, so that all have been read after it. */
fl_broker_rc fl_rabbit_cease(fl_broker *broker)
{
    fl_rabbit *r = fl_rabbit_of(broker);
    fl_broker_rc rc = FL_BROKER_OK;
    r->ceased = true;
    for (unsigned i = 0; i < r->config.queue_count && !rc; i++) {
        amqp_channel_t channel = (amqp_channel_t)(FL_RABBIT_DELIVERIES + i);
        amqp_basic_cancel(r->main.state, channel, amqp_cstring_bytes("filch"));
        rc = fl_rabbit_answer(r, &r->main, "stop consuming from", channel, NULL);
    }
    if (!rc)
        rc = fl_rabbit_drain(r, &r->main);
    return rc ? rc : give_all_back(r);
}

void fl_rabbit_drop_deliveries(fl_rabbit *r)
{
    while (r->early_count)
        fl_rabbit_drop(r, r->early[--r->early_count]);
    for (unsigned i = 0; i < r->config.queue_count; i++) {
        while (r->queues[i].ready_count)
            fl_rabbit_drop(r, take_ready(r, &r->queues[i]));
        free(r->queues[i].part.body);
    }
}

/* ---- Answers ---- */

static const char doing[] = "settle messages of";

/* ---- The window ---- */

/* The place of a tag, or tag_count. */
static unsigned find(const fl_rabbit_queue *q, uint64_t tag)
{
    unsigned low = 0, high = q->tag_count;
    while (low < high) {
        unsigned middle = (low + high) / 2;
        if (q->tags[middle] < tag)
            low = middle + 1;
        else
            high = middle;
    }
    return low < q->tag_count && q->tags[low] == tag ? low : q->tag_count;
}

fl_broker_rc fl_rabbit_nack(fl_rabbit *r, unsigned queue, uint64_t tag)
{
    fl_rabbit_queue *q = &r->queues[queue];
    unsigned at = find(q, tag);
    if (at < q->tag_count) {
        q->tag_count--;
        memmove(&q->tags[at], &q->tags[at + 1], (q->tag_count - at) * sizeof *q->tags);
        memmove(&q->marks[at], &q->marks[at + 1], (q->tag_count - at) * sizeof *q->marks);
        q->marks[q->tag_count] = false;
    }
    int status =
        amqp_basic_nack(r->main.state, (amqp_channel_t)(FL_RABBIT_DELIVERIES + queue), tag, 0, 1);
    return status ? fl_rabbit_broken(r, &r->main, doing, status) : FL_BROKER_OK;
}

/* Acknowledges what is marked: the beginning of the window at once, the rest one by one. */
static int acknowledge(fl_rabbit *r, unsigned queue)
{
    fl_rabbit_queue *q = &r->queues[queue];
    amqp_channel_t channel = (amqp_channel_t)(FL_RABBIT_DELIVERIES + queue);
    unsigned first = 0, left = 0;
    int status = 0;
    while (first < q->tag_count && q->marks[first])
        q->marks[first++] = false;
    if (first)
        status = amqp_basic_ack(r->main.state, channel, q->tags[first - 1], first > 1);
    for (unsigned i = first; i < q->tag_count; i++) {
        if (!q->marks[i])
            q->tags[left++] = q->tags[i];
        else if (!status)
            status = amqp_basic_ack(r->main.state, channel, q->tags[i], 0);
        q->marks[i] = false;
    }
    q->tag_count = left;
    return status;
}

/* Acknowledges the marked tags of all queues. */
static fl_broker_rc acknowledge_all(fl_rabbit *r)
{
    int status = 0;
    for (unsigned i = 0; i < r->config.queue_count && !status; i++)
        status = acknowledge(r, i);
    return status ? fl_rabbit_broken(r, &r->main, doing, status) : FL_BROKER_OK;
}

static void mark(fl_rabbit *r, const fl_delivery *delivery)
{
    fl_rabbit_queue *q = &r->queues[delivery->queue];
    q->marks[find(q, delivery->tag[0])] = true;
}

/* ---- Settling ---- */

static bool is_lost(fl_broker *broker, fl_delivery *delivery)
{
    const fl_rabbit *r = fl_rabbit_of(broker);
    const fl_rabbit_queue *q = &r->queues[delivery->queue];
    return delivery->tag[1] != r->epoch || find(q, delivery->tag[0]) == q->tag_count;
}

static bool needs_copy(fl_broker *broker, const fl_settlement *one)
{
    (void)broker;
    return one->verb != FL_SETTLE_RETURN;
}

static fl_broker_rc answer(fl_broker *broker, fl_settlement *batch, unsigned count)
{
    fl_rabbit *r = fl_rabbit_of(broker);
    fl_broker_rc rc = FL_BROKER_OK;
    for (unsigned i = 0; i < count && !rc; i++)
        if (batch[i].status == FL_SETTLE_TO_DO && fl_copy_verb(&batch[i]) == FL_SETTLE_ACK)
            mark(r, batch[i].delivery);
        else if (batch[i].status == FL_SETTLE_TO_DO)
            rc = fl_rabbit_nack(r, batch[i].delivery->queue, batch[i].delivery->tag[0]);
    if (!rc)
        rc = acknowledge_all(r);
    for (unsigned i = 0; i < count && !rc; i++)
        if (batch[i].status == FL_SETTLE_TO_DO)
            batch[i].status = 0;
    return rc;
}

const fl_transport fl_rabbit_transport = {
    .remedy = "shorten its headers",
    .answers_first = true, /* a server that is short of memory still reads acknowledgements */
    .is_lost = is_lost,
    .needs_copy = needs_copy,
    .answer = answer};
