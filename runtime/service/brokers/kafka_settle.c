/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Settlements: copies are sent and confirmed, then offsets are finished, then committed. */
#include <runtime/service/brokers/kafka.h>

#include <runtime/service/broker.h>
#include <runtime/service/brokers/kafka_window.h>
#include <runtime/service/key_order.h>

#include <filch/log.h>

#include <errno.h>
#include <stdio.h>

static void send_copy(fl_kafka *k, fl_settlement *one)
{
    filch_message message = one->delivery->message;
    char topic[FL_KAFKA_TOPIC];
    int64_t due = 0;
    if (one->verb == FL_SETTLE_RETRY) {
        message.attempt = one->attempt;
        due = k->base.host->unix_time(k->base.host) + (one->delay > 0 ? one->delay : 0);
        fl_kafka_topic(topic, message.queue, true);
    } else {
        message.expires = 0;
        snprintf(topic, sizeof topic, "%s" FL_KAFKA_DEAD, message.queue);
    }
    fl_kafka_send(k, &message, topic, due, one->headers, one->header_count, &one->status);
}

/* The message stays unfinished, for the next owner of the partition: there is no room for the headers of a
 * copy. */
static int refuse_copy(fl_kafka *k, const fl_delivery *delivery)
{
    char text[384];
    snprintf(text, sizeof text,
             "message %.80s of %.200s is too large to be retried or become a dead letter",
             delivery->message.id, delivery->message.queue);
    k->base.host->log(k->base.host, FILCH_LOG_ERROR, text);
    return -ESTALE;
}

/* A retry of an ordered job waits in its place. */
static bool is_copied(const fl_kafka *k, const fl_settlement *one)
{
    return one->verb == FL_SETTLE_DEAD ||
           (one->verb == FL_SETTLE_RETRY && !fl_kafka_key(k, &one->delivery->message));
}

/* This connection delivers the message again: a returned one before younger ones, a retry at its time. At the
 * end of a connection it stays unfinished, for the next owner of the partition. */
static int keep(fl_kafka *k, const fl_kafka_part *part, const fl_settlement *one)
{
    const fl_broker_host *host = k->base.host;
    const fl_delivery *delivery = one->delivery;
    filch_message message = delivery->message;
    if (k->is_ceased || part->is_leaving)
        return 0;
    if (one->verb == FL_SETTLE_RETRY)
        message.attempt = one->attempt;
    fl_delivery *copy =
        fl_kafka_reserve(k, delivery->queue) ? host->delivery(host, &message) : NULL;
    if (!copy)
        return -EAGAIN;
    copy->queue = delivery->queue;
    copy->tag[0] = delivery->tag[0];
    copy->tag[1] = delivery->tag[1];
    copy->lease_until = delivery->lease_until;
    copy->malformed = delivery->malformed;
    if (one->verb == FL_SETTLE_RETRY)
        fl_kafka_hold_retry(k, copy, host->unix_time(host) + (one->delay > 0 ? one->delay : 0));
    else
        fl_kafka_hold_again(k, copy);
    return 0;
}

/* Status 0: the copy, if there is one, is confirmed. */
static void finish(fl_kafka *k, fl_settlement *one)
{
    fl_kafka_part *part = fl_kafka_part_of(k, one->delivery->tag[0]);
    uint64_t offset = one->delivery->tag[1];
    bool is_kept =
        one->verb == FL_SETTLE_RETURN || (one->verb == FL_SETTLE_RETRY && !is_copied(k, one));
    if (!part)
        one->status = -ESTALE;
    else if (one->status == -EMSGSIZE)
        one->status = refuse_copy(k, one->delivery);
    else if (!one->status && is_kept)
        one->status = keep(k, part, one);
    else if (!one->status && !fl_kafka_window_finish(&part->window, (int64_t)offset))
        one->status = -ESTALE;
    if (!part || one->status == -EAGAIN)
        return;
    part->running -= part->running > 0;
    if (!is_kept || one->verb == FL_SETTLE_RETURN)
        fl_key_order_end(&part->order, offset);
}

fl_broker_rc fl_kafka_settle(fl_broker *broker, fl_settlement *batch, unsigned count)
{
    fl_kafka *k = fl_kafka_of(broker);
    fl_broker_rc rc = FL_BROKER_OK;
    bool has_copies = false;
    for (unsigned i = 0; i < count; i++) {
        batch[i].status = fl_kafka_part_of(k, batch[i].delivery->tag[0]) ? 0 : -ESTALE;
        if (is_copied(k, &batch[i]) && !batch[i].status) {
            if (!k->producer && (rc = fl_kafka_open_producer(k)))
                batch[i].status = -EAGAIN;
            else
                send_copy(k, &batch[i]);
            has_copies = true;
        }
    }
    if (has_copies && !rc)
        rc = fl_kafka_confirm(k);
    for (unsigned i = 0; i < count; i++)
        finish(k, &batch[i]);
    fl_broker_rc committed = k->failed ? rc : fl_kafka_commit(k); /* also without the copies */
    return rc ? rc : committed;
}
