/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/service/brokers/rabbit.h>

#include <runtime/service/broker.h>

#include <errno.h>
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

static bool is_ours(const fl_rabbit *r, const fl_delivery *delivery)
{
    const fl_rabbit_queue *q = &r->queues[delivery->queue];
    return delivery->tag[1] == r->epoch && find(q, delivery->tag[0]) < q->tag_count;
}

fl_broker_rc fl_rabbit_nack(fl_rabbit *r, unsigned queue, uint64_t tag)
{
    fl_rabbit_queue *q = &r->queues[queue];
    unsigned at = find(q, tag);
    if (at < q->tag_count) {
        memmove(&q->tags[at], &q->tags[at + 1], (q->tag_count - at - 1) * sizeof *q->tags);
        q->tag_count--;
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

/* ---- Verbs ---- */

/* Those that need no copy, first: they do not wait for a server that takes none. */
static fl_broker_rc settle_plain(fl_rabbit *r, fl_settlement *batch, unsigned count)
{
    fl_broker_rc rc = FL_BROKER_OK;
    for (unsigned i = 0; i < count && !rc; i++) {
        const fl_delivery *delivery = batch[i].delivery;
        if (batch[i].verb == FL_SETTLE_RETURN && is_ours(r, delivery))
            rc = fl_rabbit_nack(r, delivery->queue, delivery->tag[0]);
        else if (batch[i].verb == FL_SETTLE_ACK && is_ours(r, delivery))
            mark(r, delivery);
        else
            batch[i].status = is_ours(r, delivery) ? -EAGAIN : -ESTALE;
    }
    return rc ? rc : acknowledge_all(r);
}

static fl_rabbit_copy copy_of(const fl_rabbit *r, const fl_settlement *one)
{
    const fl_broker_host *host = r->base.host;
    const char *queue = r->config.queues[one->delivery->queue];
    fl_rabbit_copy copy = {.message = &one->delivery->message,
                           .target = {queue, FL_RABBIT_DEAD, 0}};
    if (one->verb == FL_SETTLE_DEAD) {
        copy.attempt = one->delivery->message.attempt;
        copy.more = one->headers;
        copy.more_count = one->header_count;
        return copy;
    }
    copy.attempt = one->attempt;
    copy.target.place = FL_RABBIT_WORK;
    if (one->delay > 0) {
        copy.target = fl_rabbit_rung(queue, one->delay);
        copy.due = host->unix_time(host) + one->delay;
    }
    return copy;
}

/* Sends copies of up to COPIES items from *at on; then their originals may go. */
static fl_broker_rc settle_copies(fl_rabbit *r, fl_settlement *batch, unsigned count, unsigned *at)
{
    enum { COPIES = 64 };
    fl_rabbit_copy copies[COPIES];
    fl_settlement *items[COPIES];
    unsigned used = 0;
    for (; *at < count && used < COPIES; ++*at)
        if (batch[*at].status == -EAGAIN) {
            items[used] = &batch[*at];
            copies[used++] = copy_of(r, &batch[*at]);
        }
    if (!used)
        return FL_BROKER_OK;
    if (!r->copies.state) {
        fl_broker_rc opened = fl_rabbit_connect(r, &r->copies);
        if (opened)
            return opened;
    }
    fl_broker_rc rc = fl_rabbit_send(r, &r->copies, copies, used);
    for (unsigned i = 0; i < used; i++)
        if (copies[i].status == 0) {
            mark(r, items[i]->delivery);
            items[i]->status = 0;
        }
    fl_broker_rc acks = acknowledge_all(r);
    return acks ? acks : rc;
}

fl_broker_rc fl_rabbit_settle(fl_broker *broker, fl_settlement *batch, unsigned count)
{
    fl_rabbit *r = fl_rabbit_of(broker);
    for (unsigned i = 0; i < count; i++)
        batch[i].status = 0;
    fl_broker_rc rc = settle_plain(r, batch, count);
    if (rc)
        for (unsigned i = 0; i < count; i++)
            batch[i].status = -EAGAIN;
    for (unsigned at = 0; at < count && !rc;)
        rc = settle_copies(r, batch, count, &at);
    return rc;
}
