/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/service/brokers/pubsub.h>

#include <runtime/service/broker.h>
#include <runtime/service/brokers/pubsub_order.h>

#include <filch/log.h>
#include <filch/wait.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static bool is_over(const fl_pubsub *p, const fl_delivery *delivery)
{
    return delivery->lease_until <= fl_pubsub_now(p);
}

static const char *ack_id_of(const fl_delivery *delivery)
{
    const fl_pubsub_handle *handle = delivery->handle;
    return handle->ack_id;
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

static json_t *write_copy(const fl_pubsub *p, const fl_settlement *one, int *status)
{
    const fl_pubsub_handle *handle = one->delivery->handle;
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
    copy.delay = is_retry && one->delay > 0
                     ? p->base.host->unix_time(p->base.host) + one->delay - copy.first_seen
                     : 0;
    json_t *out = fl_pubsub_write(p, &copy, handle->data, handle->key, status);
    free(headers);
    return out;
}

/* The message stays with the server, and its lease ends: a copy exceeds the server's limits. */
static int refuse_copy(const fl_pubsub *p, const fl_delivery *delivery)
{
    char text[300];
    snprintf(text, sizeof text,
             "message %.80s of %.80s is too large to be retried or become a dead letter; "
             "acknowledge it by hand",
             delivery->message.id, p->queues[delivery->queue].subscription);
    p->base.host->log(p->base.host, FILCH_LOG_ERROR, text);
    return -ESTALE;
}

/* Copies of one queue and verb, of those items whose status is 0. Their status is then that of the copy. */
static fl_broker_rc publish_copies(fl_pubsub *p, fl_settlement *batch, unsigned count,
                                   unsigned queue, fl_settle_verb verb)
{
    char topic[FL_PUBSUB_NAME + sizeof ".dlq"];
    json_t *messages = json_array();
    for (unsigned i = 0; i < count; i++) {
        fl_settlement *one = &batch[i];
        if (one->status || one->verb != verb || one->delivery->queue != queue)
            continue;
        json_t *copy = write_copy(p, one, &one->status);
        if (copy)
            json_array_append_new(messages, copy);
        else if (one->status != -EAGAIN)
            one->status = refuse_copy(p, one->delivery);
    }
    snprintf(topic, sizeof topic, "%s%s", p->queues[queue].topic,
             verb == FL_SETTLE_DEAD ? ".dlq" : "");
    if (!json_array_size(messages)) {
        json_decref(messages);
        return FL_BROKER_OK;
    }
    fl_broker_rc rc = verb == FL_SETTLE_DEAD ? fl_pubsub_open_letters(p, queue) : FL_BROKER_OK;
    if (rc)
        json_decref(messages);
    else
        rc = fl_pubsub_send(p, topic, messages);
    for (unsigned i = 0; i < count && rc; i++)
        if (!batch[i].status && batch[i].verb == verb && batch[i].delivery->queue == queue)
            batch[i].status = -EAGAIN;
    return rc;
}

/* ---- Settling ---- */

/* Items of one queue whose status is 0: acknowledges them, or gives them back. */
static fl_broker_rc answer(fl_pubsub *p, fl_settlement *batch, unsigned count, unsigned queue,
                           bool returns)
{
    char path[FL_PUBSUB_NAME + sizeof ":modifyAckDeadline"];
    fl_pubsub_reply reply;
    json_t *ids = json_array();
    for (unsigned i = 0; i < count; i++)
        if (!batch[i].status && batch[i].delivery->queue == queue &&
            (batch[i].verb == FL_SETTLE_RETURN) == returns)
            json_array_append_new(ids, json_string(ack_id_of(batch[i].delivery)));
    if (!json_array_size(ids)) {
        json_decref(ids);
        return FL_BROKER_OK;
    }
    snprintf(path, sizeof path, "%s:%s", p->queues[queue].subscription,
             returns ? "modifyAckDeadline" : "acknowledge");
    json_t *body = returns ? fl_pubsub_deadline_body(ids, 0) : json_pack("{s:o}", "ackIds", ids);
    fl_broker_rc rc = fl_pubsub_ask(p, NULL, path, body, 0, &reply, "settle messages at");
    json_decref(reply.json);
    for (unsigned i = 0; i < count && rc; i++)
        if (!batch[i].status && batch[i].delivery->queue == queue &&
            (batch[i].verb == FL_SETTLE_RETURN) == returns)
            batch[i].status = -EAGAIN;
    return rc;
}

static fl_broker_rc settle_queue(fl_pubsub *p, fl_settlement *batch, unsigned count, unsigned queue)
{
    fl_broker_rc rc = publish_copies(p, batch, count, queue, FL_SETTLE_RETRY);
    fl_broker_rc dead = publish_copies(p, batch, count, queue, FL_SETTLE_DEAD);
    fl_broker_rc acked = answer(p, batch, count, queue, false);
    fl_broker_rc given = answer(p, batch, count, queue, true);
    return rc ? rc : dead ? dead : acked ? acked : given;
}

static fl_broker_rc settle_some(fl_pubsub *p, fl_settlement *batch, unsigned count)
{
    fl_broker_rc rc = FL_BROKER_OK;
    for (unsigned i = 0; i < count; i++)
        batch[i].status = is_over(p, batch[i].delivery) ? -ESTALE : 0;
    for (unsigned queue = 0; queue < p->queue_count; queue++) {
        fl_broker_rc one = settle_queue(p, batch, count, queue);
        rc = rc ? rc : one;
    }
    for (unsigned i = 0; i < count; i++)
        if (batch[i].status != -EAGAIN)
            fl_pubsub_order_end(&p->order, batch[i].delivery);
    return rc;
}

fl_broker_rc fl_pubsub_settle(fl_broker *broker, fl_settlement *batch, unsigned count)
{
    fl_broker_rc rc = FL_BROKER_OK;
    for (unsigned i = 0; i < count; i++)
        batch[i].status = -EAGAIN;
    for (unsigned from = 0; from < count && !rc; from += FL_PUBSUB_BATCH) {
        unsigned left = count - from;
        rc = settle_some(fl_pubsub_of(broker), batch + from,
                         left < FL_PUBSUB_BATCH ? left : FL_PUBSUB_BATCH);
    }
    return rc;
}

/* ---- Leases ---- */

static fl_broker_rc extend_queue(fl_pubsub *p, fl_delivery *const *batch, unsigned count,
                                 unsigned queue, int64_t lease)
{
    char path[FL_PUBSUB_NAME + sizeof ":modifyAckDeadline"];
    fl_pubsub_reply reply;
    json_t *ids = json_array();
    int64_t until = fl_pubsub_now(p) + lease;
    for (unsigned i = 0; i < count; i++)
        if (batch[i]->queue == queue && !is_over(p, batch[i]))
            json_array_append_new(ids, json_string(ack_id_of(batch[i])));
    if (!json_array_size(ids)) {
        json_decref(ids);
        return FL_BROKER_OK;
    }
    snprintf(path, sizeof path, "%s:modifyAckDeadline", p->queues[queue].subscription);
    fl_broker_rc rc =
        fl_pubsub_ask(p, NULL, path, fl_pubsub_deadline_body(ids, fl_pubsub_deadline(lease)), 0,
                      &reply, "extend leases at");
    json_decref(reply.json);
    for (unsigned i = 0; i < count && !rc; i++)
        if (batch[i]->queue == queue && !is_over(p, batch[i])) {
            batch[i]->lease_until = until;
            fl_pubsub_order_extend(&p->order, batch[i]);
        }
    return rc;
}

fl_broker_rc fl_pubsub_extend(fl_broker *broker, fl_delivery *const *batch, unsigned count,
                              int64_t lease)
{
    fl_pubsub *p = fl_pubsub_of(broker);
    fl_broker_rc rc = FL_BROKER_OK;
    for (unsigned from = 0; from < count && !rc; from += FL_PUBSUB_BATCH) {
        unsigned left = count - from, some = left < FL_PUBSUB_BATCH ? left : FL_PUBSUB_BATCH;
        for (unsigned queue = 0; queue < p->queue_count && !rc; queue++)
            rc = extend_queue(p, batch + from, some, queue, lease);
    }
    for (unsigned i = 0; i < count; i++)
        if (is_over(p, batch[i]))
            batch[i]->lease_until = 0;
    return rc;
}
