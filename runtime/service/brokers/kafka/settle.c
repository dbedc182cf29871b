/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Settlements, after their copies: offsets are finished, then committed. */
#include <runtime/service/brokers/kafka/kafka.h>

#include <runtime/service/broker.h>
#include <runtime/service/brokers/kafka/window.h>
#include <runtime/service/copy.h>
#include <runtime/service/key_order.h>

#include <errno.h>

static bool is_lost(fl_broker *broker, fl_delivery *delivery)
{
    return !fl_kafka_part_of(fl_kafka_of(broker), delivery->tag[0]);
}

/* A retry of an ordered job waits in its place. */
static bool needs_copy(fl_broker *broker, const fl_settlement *one)
{
    return one->verb == FL_SETTLE_DEAD ||
           (one->verb == FL_SETTLE_RETRY &&
            !fl_kafka_key(fl_kafka_of(broker), &one->delivery->message));
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

static void finish(fl_kafka *k, fl_settlement *one)
{
    fl_kafka_part *part = fl_kafka_part_of(k, one->delivery->tag[0]);
    uint64_t offset = one->delivery->tag[1];
    fl_settle_verb verb = fl_copy_verb(one);
    if (one->status == FL_SETTLE_TO_DO && !part)
        one->status = -ESTALE;
    else if (one->status == FL_SETTLE_TO_DO && verb != FL_SETTLE_ACK)
        one->status = keep(k, part, one);
    else if (one->status == FL_SETTLE_TO_DO)
        one->status = fl_kafka_window_finish(&part->window, (int64_t)offset) ? 0 : -ESTALE;
    if (!part || one->status == -EAGAIN)
        return;
    part->running -= part->running > 0;
    if (verb != FL_SETTLE_RETRY || one->status)
        fl_key_order_end(&part->order, offset);
}

static fl_broker_rc answer(fl_broker *broker, fl_settlement *batch, unsigned count)
{
    fl_kafka *k = fl_kafka_of(broker);
    for (unsigned i = 0; i < count; i++)
        finish(k, &batch[i]);
    return k->failed ? FL_BROKER_OK : fl_kafka_commit(k); /* also without the copies */
}

const fl_transport fl_kafka_transport = {.remedy = "raise max.message.bytes of its topics",
                                         .delays = true,
                                         .is_lost = is_lost,
                                         .needs_copy = needs_copy,
                                         .answer = answer};
