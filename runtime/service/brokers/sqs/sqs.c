/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Broker `sqs:` and `sqs+http://`: queues of Amazon SQS. A confirmed message is stored in several data
 * centres. Each message is kept for up to 14 days, however often it is tried. */
#include <runtime/service/modules.h>

#include <runtime/service/broker.h>
#include <runtime/service/brokers/sqs/keys.h>
#include <runtime/service/brokers/sqs/sqs.h>
#include <runtime/service/brokers/sqs/url.h>
#include <runtime/service/copy.h>
#include <runtime/service/net/http_client.h>
#include <runtime/service/url.h>

#include <filch/log.h>
#include <filch/wait.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const int64_t GOODBYE = FILCH_SECOND; /* for returning what was read ahead */

/* ---- Life ---- */

static void close_sqs(fl_broker *broker)
{
    fl_sqs *s = fl_sqs_of(broker);
    s->config.call_timeout = GOODBYE;
    if (s->web && s->keys && s->queues[0]) {
        fl_sqs_end_polls(s); /* else one that ends meanwhile adds to what is given back */
        fl_sqs_give_back(s, FILCH_FOREVER);
    }
    fl_sqs_forget_later(s);
    fl_sqs_forget_queues(s);
    fl_sqs_keys_destroy(s->keys);
    fl_web_destroy(s->web);
    fl_url_end(&s->options.url);
    free(s);
}

static fl_broker_rc check_queues(const fl_broker_config *config)
{
    char remote[FL_SQS_NAME], dead[2 * FL_SQS_NAME];
    for (unsigned i = 0; i < config->queue_count; i++) {
        snprintf(dead, sizeof dead, "%.*s.dlq", FL_SQS_NAME, config->queues[i]);
        if (!fl_sqs_remote_name(config->queues[i], remote) || !fl_sqs_remote_name(dead, remote))
            return config->host->explain(
                config->host, FL_BROKER_FATAL,
                "queue '%.100s' has no name in SQS (valid: letters, digits, - and _, then .fifo or "
                "nothing, then .dlq as often as wanted; up to 76, so that its dead letters have a "
                "name, too)",
                config->queues[i]);
    }
    return FL_BROKER_OK;
}

static fl_broker_rc check(const fl_broker_config *config)
{
    fl_sqs_options options;
    fl_broker_rc rc = fl_sqs_parse(config->host, config->url, &options);
    fl_url_end(&options.url);
    return rc ? rc : check_queues(config);
}

static fl_broker_rc connect_sqs(fl_sqs *s)
{
    s->web = fl_web_create(s->options.ca);
    s->keys = s->web
                  ? fl_sqs_keys_create(s->base.host, s->web, s->options.profile, s->options.region)
                  : NULL;
    if (!s->keys)
        return s->base.host->explain(s->base.host, FL_BROKER_LOST,
                                     "no memory or descriptor for a connection; free some");
    fl_broker_rc rc = FL_BROKER_OK;
    for (unsigned i = 0; i < s->config.queue_count && !rc; i++)
        rc = fl_sqs_find(s, s->config.queues[i], &s->queues[i]);
    return rc;
}

static fl_broker_rc open_sqs(fl_broker **out, const fl_broker_config *config)
{
    const fl_broker_host *host = config->host;
    fl_sqs *s = calloc(1, sizeof *s + config->queue_count * sizeof *s->queues);
    if (!s)
        return host->explain(host, FL_BROKER_LOST, "no memory for a connection; free some");
    s->base = (fl_broker){&fl_broker_sqs, host};
    s->config = *config;
    if (s->config.call_timeout <= 0)
        s->config.call_timeout = 10 * FILCH_SECOND;
    fl_broker_rc rc = fl_sqs_parse(host, config->url, &s->options);
    rc = rc ? rc : check_queues(config);
    rc = rc ? rc : connect_sqs(s);
    if (!rc) {
        *out = &s->base;
        return rc;
    }
    s->queues[0] = NULL; /* nothing was received */
    close_sqs(&s->base);
    return rc;
}

/* ---- Publishing ---- */

static void too_large(const fl_sqs *s, const fl_sqs_queue *queue, const filch_message *message)
{
    char text[512];
    snprintf(text, sizeof text,
             "message %.80s of %zu bytes exceeds %u bytes with its headers, or as base64 "
             "(MaximumMessageSize of queue %.80s less %d for a dead letter's headers); raise it "
             "(up to %d), or store the body elsewhere",
             message->id, message->body_size, queue->size_most - FL_SQS_HEADROOM, queue->remote,
             FL_SQS_HEADROOM, FL_SQS_SIZE_MOST);
    s->base.host->log(s->base.host, FILCH_LOG_WARN, text);
}

static fl_broker_rc prepare(fl_sqs *s, fl_publication *one, fl_sqs_entry *out)
{
    char remote[FL_SQS_NAME];
    fl_sqs_queue *queue;
    const filch_message *message = one->message;
    one->status = -ENOTSUP;
    if (message->dedup || message->priority || !fl_sqs_remote_name(message->queue, remote))
        return FL_BROKER_OK;
    fl_broker_rc rc = fl_sqs_find(s, message->queue, &queue);
    one->status = rc ? -EAGAIN : fl_sqs_write(s, queue, one, out);
    if (one->status == -EMSGSIZE && !one->copy_of)
        too_large(s, queue, message);
    return rc;
}

static fl_broker_rc publish(fl_broker *broker, fl_publication *batch, unsigned count)
{
    fl_sqs *s = fl_sqs_of(broker);
    fl_sqs_entry *entries = calloc(count ? count : 1, sizeof *entries);
    fl_broker_rc rc = FL_BROKER_OK;
    for (unsigned i = 0; i < count; i++)
        batch[i].status = -EAGAIN;
    if (!entries)
        return broker->host->explain(broker->host, FL_BROKER_LOST,
                                     "no memory for messages; free some");
    /* a queue that cannot be found holds up only its own copies */
    for (unsigned i = 0; i < count && (!rc || (batch[i].copy_of && rc != FL_BROKER_LOST)); i++) {
        fl_broker_rc prepared = prepare(s, &batch[i], &entries[i]);
        rc = rc ? rc : prepared;
    }
    fl_broker_rc sent = fl_sqs_batch(s, "SendMessageBatch", entries, count);
    for (unsigned i = 0; i < count; i++)
        if (entries[i].queue)
            batch[i].status = entries[i].status == -EINVAL ? -ENOTSUP : entries[i].status;
    free(entries);
    return rc ? rc : sent;
}

static void release(void *handle)
{
    free(handle);
}

const fl_broker_kind fl_broker_sqs = {
    .abi = FL_BROKER_ABI,
    .size = sizeof(fl_broker_kind),
    .name = "sqs",
    .schemes = FL_BROKER_SCHEMES, /* of broker.cmake */
    .url = &fl_sqs_url_kind,
    .tested = "stand-ins (preview): one of Filch, and fauxqs",
    .caps = {.durable = true,
             .delay = true,
             .deliveries = true,
             .keeps_leases = true,
             .counts = true,
             .lease_most = (int64_t)FL_SQS_VISIBILITY_MOST / 9 * 8 * FILCH_SECOND,
             .extends = true},
    .open = open_sqs,
    .close = close_sqs,
    .watch = fl_sqs_watch,
    .turn = fl_sqs_turn,
    .receive = fl_sqs_receive,
    .cease = fl_sqs_cease,
    .settle = fl_copy_settle,
    .extend = fl_sqs_extend,
    .release = release,
    .publish = publish,
    .count = fl_sqs_count,
    .check = check,
    .may_come = fl_sqs_may_come,
    .transport = &fl_sqs_transport,
};
