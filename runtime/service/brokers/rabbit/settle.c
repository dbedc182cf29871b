/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/service/brokers/rabbit/rabbit.h>

#include <runtime/service/broker.h>
#include <runtime/service/copy.h>

#include <string.h>

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
