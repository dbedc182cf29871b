/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/service/brokers/pubsub/pubsub.h>

#include <runtime/service/broker.h>
#include <runtime/service/copy.h>
#include <runtime/service/key_order.h>

#include <filch/wait.h>

#include <errno.h>
#include <stdio.h>

enum { ACKNOWLEDGED = -1 };

static bool is_lost(fl_broker *broker, fl_delivery *delivery)
{
    return delivery->lease_until <= fl_pubsub_now(fl_pubsub_of(broker));
}

static fl_pubsub_handle *handle_of(const fl_delivery *delivery)
{
    return delivery->handle;
}

/* ---- Settling ---- */

static bool needs_copy(fl_broker *broker, const fl_settlement *one)
{
    (void)broker;
    return one->verb != FL_SETTLE_RETURN;
}

/* Seconds until the message comes again; ACKNOWLEDGED: it does not. */
static int64_t seconds_of(const fl_settlement *one)
{
    fl_settle_verb verb = fl_copy_verb(one);
    int64_t delay = verb == FL_SETTLE_RETRY && one->delay > 0 ? one->delay : 0,
            seconds = delay / FILCH_SECOND + (delay % FILCH_SECOND > 0);
    if (verb == FL_SETTLE_ACK)
        return ACKNOWLEDGED;
    return seconds < FL_PUBSUB_LEASE_MOST ? seconds : FL_PUBSUB_LEASE_MOST;
}

/* Answers the first item, and those of its queue with the same answer. */
static fl_broker_rc answer_like(fl_pubsub *p, fl_settlement *batch, unsigned count)
{
    char path[FL_PUBSUB_NAME + sizeof ":modifyAckDeadline"];
    fl_pubsub_reply reply;
    bool is_mine[FL_COPY_BATCH];
    json_t *ids = json_array();
    unsigned queue = batch[0].delivery->queue;
    int64_t seconds = seconds_of(&batch[0]);
    for (unsigned i = 0; i < count; i++) {
        is_mine[i] = batch[i].status == FL_SETTLE_TO_DO && batch[i].delivery->queue == queue &&
                     seconds_of(&batch[i]) == seconds;
        if (!is_mine[i])
            continue;
        batch[i].status = -EAGAIN;
        is_mine[i] = !json_array_append_new(ids, json_string(handle_of(batch[i].delivery)->ack_id));
    }
    bool returns = seconds != ACKNOWLEDGED;
    snprintf(path, sizeof path, "%s:%s", p->queues[queue].subscription,
             returns ? "modifyAckDeadline" : "acknowledge");
    json_t *body =
        returns ? fl_pubsub_deadline_body(ids, seconds) : json_pack("{s:o}", "ackIds", ids);
    fl_broker_rc rc = fl_pubsub_ask(p, NULL, path, body, 0, &reply, "settle messages at");
    json_decref(reply.json);
    for (unsigned i = 0; i < count && !rc; i++)
        if (is_mine[i])
            batch[i].status = 0;
    return rc;
}

/* A refusal of one request does not hold up the next; a broken connection ends all. */
static fl_broker_rc answer(fl_broker *broker, fl_settlement *batch, unsigned count)
{
    fl_pubsub *p = fl_pubsub_of(broker);
    fl_broker_rc rc = FL_BROKER_OK;
    for (unsigned i = 0; i < count && rc != FL_BROKER_LOST; i++) {
        fl_broker_rc answered = batch[i].status == FL_SETTLE_TO_DO
                                    ? answer_like(p, batch + i, count - i)
                                    : FL_BROKER_OK;
        rc = rc ? rc : answered;
    }
    for (unsigned i = 0; i < count; i++)
        if (!batch[i].status || batch[i].status == -ESTALE)
            fl_key_order_end(&p->order, batch[i].delivery->tag[0]);
    return rc;
}

const fl_transport fl_pubsub_transport = {
    .remedy = "shorten its headers: 10 MB in all, and 1 KiB for each text, are the server's limits",
    .delays = true,
    .is_lost = is_lost,
    .needs_copy = needs_copy,
    .answer = answer};

/* While the server refuses, it is not asked again at once. */
fl_broker_rc fl_pubsub_settle(fl_broker *broker, fl_settlement *batch, unsigned count)
{
    fl_pubsub *p = fl_pubsub_of(broker);
    for (unsigned i = 0; i < count; i++)
        batch[i].status = -EAGAIN;
    if (fl_pubsub_now(p) < p->settling.until)
        return p->base.host->explain(p->base.host, FL_BROKER_BUSY, "%s is too busy for settlements",
                                     p->options.endpoint);
    fl_broker_rc rc = fl_copy_settle(broker, batch, count);
    if (rc)
        fl_pubsub_pause_begin(&p->settling, fl_pubsub_now(p), 0);
    else
        p->settling.length = 0;
    return rc;
}
