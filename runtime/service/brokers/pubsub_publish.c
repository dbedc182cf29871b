/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/service/brokers/pubsub_publish.h>

#include <runtime/service/broker.h>
#include <runtime/service/brokers/pubsub.h>
#include <runtime/service/key_order.h>

#include <filch/log.h>

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum {
    AROUND = 100, /* bytes of a request, beside its messages */
    INVALID = 400 /* the status of a request that would never be accepted */
};

/* ---- Requests ---- */

void fl_pubsub_mail_begin(fl_pubsub_mail *mail, fl_pubsub *p, const char *topic)
{
    *mail = (fl_pubsub_mail){.p = p, .topic = topic};
}

/* *is_invalid: refused, and for ever. Steals the messages. */
static fl_broker_rc publish(fl_pubsub_mail *mail, json_t *messages, bool *is_invalid)
{
    char path[FL_PUBSUB_NAME + sizeof ".dlq:publish"];
    fl_pubsub_reply reply;
    snprintf(path, sizeof path, "%s:publish", mail->topic);
    fl_broker_rc rc = fl_pubsub_ask(mail->p, NULL, path, json_pack("{s:o}", "messages", messages),
                                    INVALID, &reply, "publish to");
    *is_invalid = !rc && reply.status == INVALID;
    json_decref(reply.json);
    return rc;
}

static int tell_invalid(const fl_pubsub *p, const char *topic, const json_t *message)
{
    char text[300];
    const json_t *attributes = json_object_get(message, "attributes");
    const char *id = json_string_value(json_object_get(attributes, "filch-id"));
    snprintf(text, sizeof text, "the server refuses message %.80s for %.120s as invalid",
             id ? id : "without an id", topic);
    p->base.host->log(p->base.host, FILCH_LOG_ERROR, text);
    return -ENOTSUP;
}

static void send_one_by_one(fl_pubsub_mail *mail, const json_t *messages)
{
    for (size_t i = 0; i < json_array_size(messages) && !mail->rc; i++) {
        bool is_invalid = false;
        json_t *message = json_array_get(messages, i), *alone = json_pack("[O]", message);
        mail->rc = publish(mail, alone, &is_invalid);
        if (!mail->rc)
            *mail->statuses[i] = is_invalid ? tell_invalid(mail->p, mail->topic, message) : 0;
    }
}

static void send_all(fl_pubsub_mail *mail)
{
    bool is_invalid = false;
    json_t *messages = mail->messages;
    size_t count = json_array_size(messages);
    mail->messages = NULL;
    mail->size = 0;
    if (!mail->rc && count)
        mail->rc = publish(mail, json_incref(messages), &is_invalid);
    if (is_invalid)
        send_one_by_one(mail, messages);
    for (size_t i = 0; i < count && !mail->rc && !is_invalid; i++)
        *mail->statuses[i] = 0;
    json_decref(messages);
}

void fl_pubsub_mail_add(fl_pubsub_mail *mail, json_t *message, int *status)
{
    size_t size = json_dumpb(message, NULL, 0, JSON_COMPACT) + 1;
    bool is_full = json_array_size(mail->messages) == FL_PUBSUB_BATCH ||
                   AROUND + mail->size + size > FL_PUBSUB_REQUEST_MOST;
    *status = AROUND + size > FL_PUBSUB_REQUEST_MOST ? -EMSGSIZE : -EAGAIN;
    if (*status == -EAGAIN && is_full)
        send_all(mail);
    if (!mail->messages)
        mail->messages = json_array();
    size_t place = json_array_size(mail->messages);
    if (*status == -EMSGSIZE || mail->rc) {
        json_decref(message);
    } else if (json_array_append_new(mail->messages, message) == 0) {
        mail->statuses[place] = status;
        mail->size += size;
    }
}

fl_broker_rc fl_pubsub_mail_end(fl_pubsub_mail *mail)
{
    send_all(mail);
    return mail->rc;
}

/* ---- Publishing ---- */

static const fl_pubsub_queue *queue_named(const fl_pubsub *p, const char *name)
{
    for (unsigned i = 0; i < p->queue_count; i++)
        if (strcmp(p->config.queues[i], name) == 0)
            return &p->queues[i];
    return NULL;
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

static void publish_one(fl_pubsub_mail *mail, const fl_pubsub_queue *queue, fl_publication *one)
{
    const fl_pubsub *p = mail->p;
    const filch_message *message = one->message;
    const char *key = p->options.is_ordered ? fl_key_order_key(message) : NULL;
    if (message->dedup || message->priority) {
        one->status = -ENOTSUP;
    } else if (message->delay > queue->delay_most) {
        one->status = too_late(p, queue, message);
    } else {
        json_t *written = fl_pubsub_write(p, message, NULL, key, &one->status);
        if (written)
            fl_pubsub_mail_add(mail, written, &one->status);
    }
}

/* From the first on, those of its queue. Returns how many were looked at. */
static unsigned publish_some(fl_pubsub *p, fl_publication *batch, unsigned count, fl_broker_rc *rc)
{
    fl_pubsub_mail mail;
    const char *name = batch[0].message->queue;
    const fl_pubsub_queue *queue = queue_named(p, name);
    unsigned used = 0;
    if (!queue) {
        batch[0].status = -ENOTSUP;
        return 1;
    }
    fl_pubsub_mail_begin(&mail, p, queue->topic);
    for (; used < count && strcmp(batch[used].message->queue, name) == 0; used++)
        publish_one(&mail, queue, &batch[used]);
    *rc = fl_pubsub_mail_end(&mail);
    return used;
}

fl_broker_rc fl_pubsub_publish(fl_broker *broker, fl_publication *batch, unsigned count)
{
    fl_broker_rc rc = FL_BROKER_OK;
    for (unsigned i = 0; i < count; i++)
        batch[i].status = -EAGAIN;
    for (unsigned from = 0; from < count && !rc;)
        from += publish_some(fl_pubsub_of(broker), batch + from, count - from, &rc);
    return rc;
}
