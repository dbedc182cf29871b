/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Messages on their way to one topic: they are collected, and sent in as few requests as the server's
 * limits allow. Each has a status, which is written when its request is answered.
 *
 * One message that the server refuses would hold up all others of its request. So the messages of a
 * request that is refused as invalid are sent once more, one by one, and only the status of the refused
 * one is final. */
#include <runtime/service/brokers/pubsub/pubsub.h>

#include <runtime/service/broker.h>
#include <runtime/service/key_order.h>

#include <filch/log.h>

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum {
    AROUND = 100,  /* bytes of a request, beside its messages */
    INVALID = 400, /* the status of a request that would never be accepted */
    TO_DO = 1      /* of a message that has not been looked at */
};

/* ---- Requests ---- */

typedef struct mail {
    fl_pubsub *p;
    char topic[FL_PUBSUB_NAME + sizeof ".dlq"];
    json_t *messages; /* NULL: none yet */
    size_t size;      /* bytes of the request */
    fl_broker_rc rc;  /* of the requests so far: the first that is not OK */
    fl_publication *items[FL_PUBSUB_BATCH];
} mail;

/* *is_invalid: refused, and forever. Steals the messages. */
static fl_broker_rc publish(mail *m, json_t *messages, bool *is_invalid)
{
    char path[sizeof m->topic + sizeof ":publish"];
    fl_pubsub_reply reply;
    snprintf(path, sizeof path, "%s:publish", m->topic);
    fl_broker_rc rc = fl_pubsub_ask(m->p, NULL, path, json_pack("{s:o}", "messages", messages),
                                    INVALID, &reply, "publish to");
    *is_invalid = !rc && reply.status == INVALID;
    json_decref(reply.json);
    return rc;
}

static int tell_invalid(const mail *m, const fl_publication *one)
{
    char text[300];
    const char *id = one->message->id;
    snprintf(text, sizeof text, "the server refuses message %.80s for %.120s as invalid",
             id ? id : "without an id", m->topic);
    if (!one->copy_of)
        m->p->base.host->log(m->p->base.host, FILCH_LOG_ERROR, text);
    return -ENOTSUP;
}

static void send_one_by_one(mail *m, const json_t *messages)
{
    for (size_t i = 0; i < json_array_size(messages) && !m->rc; i++) {
        bool is_invalid = false;
        m->rc = publish(m, json_pack("[O]", json_array_get(messages, i)), &is_invalid);
        if (!m->rc)
            m->items[i]->status = is_invalid ? tell_invalid(m, m->items[i]) : 0;
    }
}

static void send_all(mail *m)
{
    bool is_invalid = false;
    json_t *messages = m->messages;
    size_t count = json_array_size(messages);
    m->messages = NULL;
    m->size = 0;
    if (!m->rc && count)
        m->rc = publish(m, json_incref(messages), &is_invalid);
    if (is_invalid)
        send_one_by_one(m, messages);
    for (size_t i = 0; i < count && !m->rc && !is_invalid; i++)
        m->items[i]->status = 0;
    json_decref(messages);
}

/* Steals the message, and writes its status, now or later. */
static void add(mail *m, json_t *message, fl_publication *one)
{
    size_t size = json_dumpb(message, NULL, 0, JSON_COMPACT) + 1;
    bool is_full = json_array_size(m->messages) == FL_PUBSUB_BATCH ||
                   AROUND + m->size + size > FL_PUBSUB_REQUEST_MOST;
    one->status = AROUND + size > FL_PUBSUB_REQUEST_MOST ? -EMSGSIZE : -EAGAIN;
    if (one->status == -EAGAIN && is_full)
        send_all(m);
    if (!m->messages)
        m->messages = json_array();
    size_t place = json_array_size(m->messages);
    if (one->status == -EMSGSIZE || m->rc) {
        json_decref(message);
    } else if (json_array_append_new(m->messages, message) == 0) {
        m->items[place] = one;
        m->size += size;
    }
}

/* ---- Publishing ---- */

static const fl_pubsub_queue *queue_of(const fl_pubsub *p, const fl_publication *one)
{
    if (one->copy_of)
        return &p->queues[one->copy_of->queue];
    for (unsigned i = 0; i < p->queue_count; i++)
        if (strcmp(p->config.queues[i], one->message->queue) == 0)
            return &p->queues[i];
    return NULL;
}

static void too_large(const fl_pubsub *p, const filch_message *message)
{
    char text[300];
    snprintf(text, sizeof text,
             "message %.80s of %zu bytes exceeds the limits of pubsub (10 MB in all, and 1 KiB for "
             "each of its texts); store it elsewhere",
             message->id ? message->id : "without an id", message->body_size);
    p->base.host->log(p->base.host, FILCH_LOG_WARN, text);
}

static int too_late(const fl_pubsub *p, const fl_pubsub_queue *queue, const filch_message *message)
{
    char text[300];
    snprintf(text, sizeof text,
             "message %.80s is to wait for %" PRId64 " s, and %.120s keeps it for %" PRId64
             " s at most; publish it later",
             message->id, message->delay / FILCH_SECOND, queue->subscription,
             queue->delay_most / FILCH_SECOND);
    p->base.host->log(p->base.host, FILCH_LOG_WARN, text);
    return -ENOTSUP;
}

/* The server drops a copy that waits longer than its retention. Its delay begins with its first
 * publication. */
static void write_copy(mail *m, const fl_pubsub_queue *queue, fl_publication *one)
{
    const fl_pubsub_handle *handle = one->copy_of->handle;
    filch_message copy = *one->message;
    copy.delay = copy.delay < queue->delay_most ? copy.delay : queue->delay_most;
    if (copy.delay > 0)
        copy.delay += m->p->base.host->unix_time(m->p->base.host) - copy.first_seen;
    json_t *written = fl_pubsub_write(&copy, handle->data, handle->key, &one->status);
    if (written)
        add(m, written, one);
}

static void write_message(mail *m, const fl_pubsub_queue *queue, fl_publication *one)
{
    const fl_pubsub *p = m->p;
    const filch_message *message = one->message;
    const char *key = p->options.is_ordered ? fl_key_order_key(message) : NULL;
    if (message->dedup || message->priority) {
        one->status = -ENOTSUP;
    } else if (message->delay > queue->delay_most) {
        one->status = too_late(p, queue, message);
    } else {
        json_t *written = fl_pubsub_write(message, NULL, key, &one->status);
        if (written)
            add(m, written, one);
        else if (one->status == -EMSGSIZE)
            too_large(p, message);
    }
}

/* Names the topic, and makes that of the first dead letter. */
static void begin(mail *m, const fl_pubsub_queue *queue, const fl_publication *one)
{
    bool is_dead = one->copy_of && strcmp(one->message->queue, one->copy_of->message.queue) != 0;
    snprintf(m->topic, sizeof m->topic, "%s%s", queue->topic, is_dead ? ".dlq" : "");
    if (is_dead)
        m->rc = fl_pubsub_open_letters(m->p, one->copy_of->queue);
}

/* Publishes the first, and those of its queue. */
static fl_broker_rc publish_like(fl_pubsub *p, fl_publication *batch, unsigned count)
{
    mail m = {.p = p};
    const char *name = batch[0].message->queue;
    const fl_pubsub_queue *queue = queue_of(p, &batch[0]);
    if (queue)
        begin(&m, queue, &batch[0]);
    for (unsigned i = 0; i < count; i++) {
        if (batch[i].status != TO_DO || strcmp(batch[i].message->queue, name) != 0)
            continue;
        batch[i].status = queue ? -EAGAIN : -ENOTSUP;
        if (queue && batch[i].copy_of)
            write_copy(&m, queue, &batch[i]);
        else if (queue)
            write_message(&m, queue, &batch[i]);
    }
    send_all(&m);
    return m.rc;
}

/* A refusal of one queue does not hold up the copies for another. */
fl_broker_rc fl_pubsub_publish(fl_broker *broker, fl_publication *batch, unsigned count)
{
    fl_broker_rc rc = FL_BROKER_OK;
    for (unsigned i = 0; i < count; i++)
        batch[i].status = TO_DO;
    for (unsigned i = 0; i < count && (!rc || (batch[i].copy_of && rc != FL_BROKER_LOST)); i++)
        if (batch[i].status == TO_DO) {
            fl_broker_rc published = publish_like(fl_pubsub_of(broker), batch + i, count - i);
            rc = rc ? rc : published;
        }
    for (unsigned i = 0; i < count; i++)
        if (batch[i].status == TO_DO)
            batch[i].status = -EAGAIN;
    return rc;
}
