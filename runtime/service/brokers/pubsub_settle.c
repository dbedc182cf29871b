/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/service/brokers/pubsub.h>

#include <runtime/service/broker.h>
#include <runtime/service/brokers/pubsub_publish.h>
#include <runtime/service/key_order.h>

#include <filch/log.h>
#include <filch/wait.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { TO_DO = 1 }; /* the status of an item that is neither settled nor given up */

static bool is_over(const fl_pubsub *p, const fl_delivery *delivery)
{
    return delivery->lease_until <= fl_pubsub_now(p);
}

static fl_pubsub_handle *handle_of(const fl_delivery *delivery)
{
    return delivery->handle;
}

/* ---- Copies ---- */

static bool is_replaced(const fl_settlement *one, const filch_header *header)
{
    for (unsigned i = 0; i < one->header_count; i++)
        if (strcasecmp(one->headers[i].name, header->name) == 0)
            return true;
    return false;
}

/* Those of the message that the settlement does not replace, then its own. */
static size_t merge(const fl_settlement *one, filch_header *out)
{
    const filch_message *message = &one->delivery->message;
    size_t count = 0;
    for (size_t i = 0; i < message->header_count; i++)
        if (!is_replaced(one, &message->headers[i]))
            out[count++] = message->headers[i];
    for (unsigned i = 0; i < one->header_count; i++)
        out[count++] = one->headers[i];
    return count;
}

/* From its first publication; 0: at once. The server forgets a message that waits longer than it keeps
 * one. */
static int64_t delay_of_copy(const fl_pubsub *p, const fl_settlement *one)
{
    int64_t most = p->queues[one->delivery->queue].delay_most;
    int64_t delay = one->delay < most ? one->delay : most;
    if (one->verb != FL_SETTLE_RETRY || delay <= 0)
        return 0;
    return p->base.host->unix_time(p->base.host) + delay - one->delivery->message.first_seen;
}

static json_t *write_copy(const fl_pubsub *p, const fl_settlement *one, int *status)
{
    const fl_pubsub_handle *handle = handle_of(one->delivery);
    filch_message copy = one->delivery->message;
    filch_header *headers = malloc((copy.header_count + one->header_count + 1) * sizeof *headers);
    bool is_retry = one->verb == FL_SETTLE_RETRY;
    *status = -EAGAIN;
    if (!headers)
        return NULL;
    copy.header_count = merge(one, headers);
    copy.headers = headers;
    copy.attempt = is_retry ? one->attempt : copy.attempt;
    copy.expires = is_retry ? copy.expires : 0;
    copy.delay = delay_of_copy(p, one);
    json_t *out = fl_pubsub_write(p, &copy, handle->data, handle->key, status);
    free(headers);
    return out;
}

/* The message stays with the server, and its lease ends: the server takes no copy of it. */
static int refuse_copy(const fl_pubsub *p, const fl_delivery *delivery)
{
    char text[300];
    snprintf(
        text, sizeof text,
        "message %.80s of %.80s can neither be retried nor become a dead letter: it is too large "
        "or invalid; acknowledge it by hand",
        delivery->message.id, p->queues[delivery->queue].subscription);
    p->base.host->log(p->base.host, FILCH_LOG_ERROR, text);
    return -ESTALE;
}

static bool wants_copy(const fl_settlement *one, unsigned queue, fl_settle_verb verb)
{
    return one->status == TO_DO && one->verb == verb && one->delivery->queue == queue &&
           !handle_of(one->delivery)->is_copied;
}

/* Notes those that are confirmed, so that they are not sent again if the acknowledgement fails. */
static void judge_copy(const fl_pubsub *p, fl_settlement *one)
{
    if (one->status == -EMSGSIZE || one->status == -ENOTSUP)
        one->status = refuse_copy(p, one->delivery);
    handle_of(one->delivery)->is_copied = !one->status;
    one->status = one->status ? one->status : TO_DO;
}

/* Copies of one queue and verb. */
static fl_broker_rc publish_copies(fl_pubsub *p, fl_settlement *batch, unsigned count,
                                   unsigned queue, fl_settle_verb verb)
{
    char topic[FL_PUBSUB_NAME + sizeof ".dlq"];
    bool is_dead = verb == FL_SETTLE_DEAD, is_mine[FL_PUBSUB_BATCH];
    unsigned copies = 0;
    fl_pubsub_mail mail;
    for (unsigned i = 0; i < count; i++)
        copies += is_mine[i] = wants_copy(&batch[i], queue, verb);
    if (!copies)
        return FL_BROKER_OK;
    snprintf(topic, sizeof topic, "%s%s", p->queues[queue].topic, is_dead ? ".dlq" : "");
    fl_pubsub_mail_begin(&mail, p, topic);
    mail.rc = is_dead ? fl_pubsub_open_letters(p, queue) : FL_BROKER_OK;
    for (unsigned i = 0; i < count; i++) {
        json_t *copy = is_mine[i] ? write_copy(p, &batch[i], &batch[i].status) : NULL;
        if (copy)
            fl_pubsub_mail_add(&mail, copy, &batch[i].status);
    }
    fl_broker_rc rc = fl_pubsub_mail_end(&mail);
    for (unsigned i = 0; i < count; i++)
        if (is_mine[i])
            judge_copy(p, &batch[i]);
    return rc;
}

/* ---- Settling ---- */

/* Items of one queue: acknowledges them, or gives them back. */
static fl_broker_rc answer(fl_pubsub *p, fl_settlement *batch, unsigned count, unsigned queue,
                           bool returns)
{
    char path[FL_PUBSUB_NAME + sizeof ":modifyAckDeadline"];
    fl_pubsub_reply reply;
    bool is_mine[FL_PUBSUB_BATCH];
    json_t *ids = json_array();
    for (unsigned i = 0; i < count; i++) {
        is_mine[i] = batch[i].status == TO_DO && batch[i].delivery->queue == queue &&
                     (batch[i].verb == FL_SETTLE_RETURN) == returns;
        if (is_mine[i])
            is_mine[i] =
                !json_array_append_new(ids, json_string(handle_of(batch[i].delivery)->ack_id));
    }
    if (!json_array_size(ids)) {
        json_decref(ids);
        return FL_BROKER_OK;
    }
    snprintf(path, sizeof path, "%s:%s", p->queues[queue].subscription,
             returns ? "modifyAckDeadline" : "acknowledge");
    json_t *body = returns ? fl_pubsub_deadline_body(ids, 0) : json_pack("{s:o}", "ackIds", ids);
    fl_broker_rc rc = fl_pubsub_ask(p, NULL, path, body, 0, &reply, "settle messages at");
    json_decref(reply.json);
    for (unsigned i = 0; i < count && !rc; i++)
        if (is_mine[i])
            batch[i].status = 0;
    return rc;
}

static fl_broker_rc later(fl_broker_rc one, fl_broker_rc other)
{
    return one ? one : other;
}

/* A refusal of one request does not hold up the next; a broken connection ends all. */
static fl_broker_rc settle_queue(fl_pubsub *p, fl_settlement *batch, unsigned count, unsigned queue)
{
    static const fl_settle_verb copied[] = {FL_SETTLE_RETRY, FL_SETTLE_DEAD};
    fl_broker_rc rc = FL_BROKER_OK;
    for (unsigned i = 0; i < 2 && rc != FL_BROKER_LOST; i++)
        rc = later(rc, publish_copies(p, batch, count, queue, copied[i]));
    for (unsigned returns = 0; returns < 2 && rc != FL_BROKER_LOST; returns++)
        rc = later(rc, answer(p, batch, count, queue, returns));
    return rc;
}

static fl_broker_rc settle_some(fl_pubsub *p, fl_settlement *batch, unsigned count)
{
    fl_broker_rc rc = FL_BROKER_OK;
    for (unsigned i = 0; i < count; i++)
        batch[i].status = is_over(p, batch[i].delivery) ? -ESTALE : TO_DO;
    for (unsigned queue = 0; queue < p->queue_count && rc != FL_BROKER_LOST; queue++)
        rc = later(rc, settle_queue(p, batch, count, queue));
    for (unsigned i = 0; i < count; i++) {
        if (batch[i].status == TO_DO)
            batch[i].status = -EAGAIN;
        if (batch[i].status != -EAGAIN)
            fl_key_order_end(&p->order, batch[i].delivery->tag[0]);
    }
    return rc;
}

/* While the server refuses, it is not asked again at once. */
fl_broker_rc fl_pubsub_settle(fl_broker *broker, fl_settlement *batch, unsigned count)
{
    fl_pubsub *p = fl_pubsub_of(broker);
    fl_broker_rc rc = FL_BROKER_OK;
    for (unsigned i = 0; i < count; i++)
        batch[i].status = -EAGAIN;
    if (fl_pubsub_now(p) < p->settling.until)
        return p->base.host->explain(p->base.host, FL_BROKER_BUSY, "%s is too busy for settlements",
                                     p->options.endpoint);
    for (unsigned from = 0; from < count && !rc; from += FL_PUBSUB_BATCH) {
        unsigned left = count - from;
        rc = settle_some(p, batch + from, left < FL_PUBSUB_BATCH ? left : FL_PUBSUB_BATCH);
    }
    if (rc)
        fl_pubsub_pause_begin(&p->settling, fl_pubsub_now(p), 0);
    else
        p->settling.length = 0;
    return rc;
}
