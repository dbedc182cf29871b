/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Broker `nats://` and `nats+tls://`: queues in a stream of NATS JetStream. A confirmed message
 * survives the death of the server; a power failure may undo what the server has not synced (its
 * option sync_interval). */
#include <runtime/service/modules.h>

#include <runtime/service/broker.h>
#include <runtime/service/brokers/nats/box.h>
#include <runtime/service/brokers/nats/nats.h>
#include <runtime/service/brokers/nats/url.h>
#include <runtime/service/copy.h>
#include <runtime/service/message.h>
#include <runtime/service/url.h>

#include <filch/log.h>
#include <filch/wait.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Kept free below the server's limit: for the headers of a retry or a dead letter. */
enum { HEADROOM = 1024 };

/* ---- Life ---- */

static void close_nats(fl_broker *broker)
{
    fl_nats *n = fl_nats_of(broker);
    if (n->connection && n->box) {
        fl_nats_give_back(n, FILCH_FOREVER);
        natsConnection_FlushTimeout(n->connection, 1000); /* fails at once if it is broken */
    }
    fl_nats_disconnect(n);
    if (n->box)
        fl_nats_box_leave(n->box);
    fl_url_end(&n->options.url);
    free(n);
}

/* Consumers have no dots in their names, and queues no plus signs. */
static void name_consumer(const fl_nats *n, fl_nats_queue *queue, const char *name)
{
    char durable[FL_NATS_SUBJECT];
    snprintf(durable, sizeof durable, "%s", name);
    for (char *at = durable; (at = strchr(at, '.'));)
        *at = '+';
    strcpy(queue->durable, durable);
    snprintf(queue->next, sizeof queue->next, "$JS.API.CONSUMER.MSG.NEXT.%s.%.128s",
             n->options.stream, durable);
}

static fl_broker_rc refuse_queue(const fl_broker_config *config, unsigned i)
{
    return config->host->explain(config->host, FL_BROKER_FATAL,
                                 "queue '%s' is no subject of NATS (valid: up to 128 letters, "
                                 "digits, -, _ and .)",
                                 config->queues[i]);
}

static fl_broker_rc check(const fl_broker_config *config)
{
    fl_nats_options options;
    fl_broker_rc rc = fl_nats_parse(config->host, config->url, &options);
    fl_url_end(&options.url);
    for (unsigned i = 0; i < config->queue_count && !rc; i++)
        if (!fl_nats_is_name(config->queues[i], "."))
            rc = refuse_queue(config, i);
    return rc;
}

static fl_broker_rc name_queues(fl_nats *n)
{
    for (unsigned i = 0; i < n->queue_count; i++) {
        if (!fl_nats_subject(n, n->config.queues[i], n->queues[i].subject))
            return refuse_queue(&n->config, i);
        name_consumer(n, &n->queues[i], n->config.queues[i]);
        n->queues[i].next_at = n->queues[i].sweep_at = FILCH_FOREVER;
    }
    return FL_BROKER_OK;
}

static fl_broker_rc open_nats(fl_broker **out, const fl_broker_config *config)
{
    const fl_broker_host *host = config->host;
    fl_nats *n = calloc(1, sizeof *n + config->queue_count * sizeof *n->queues);
    if (!n)
        return host->explain(host, FL_BROKER_LOST, "no memory for a connection; free some");
    n->base = (fl_broker){&fl_broker_nats, host};
    n->config = *config;
    if (n->config.call_timeout <= 0)
        n->config.call_timeout = 10 * FILCH_SECOND;
    n->queue_count = config->queue_count;
    fl_broker_rc rc = fl_nats_parse(host, config->url, &n->options);
    rc = rc ? rc : name_queues(n);
    if (!rc) {
        n->box = fl_nats_box_create(host, config->queue_count);
        rc = n->box ? fl_nats_connect(n)
                    : host->explain(host, FL_BROKER_LOST,
                                    "no memory or descriptor for a connection; free some");
    }
    if (rc)
        close_nats(&n->base);
    else
        *out = &n->base;
    return rc;
}

static void caps_of(fl_broker *broker, fl_broker_caps *caps)
{
    *caps = fl_broker_nats.caps;
    caps->durable = fl_nats_of(broker)->is_durable;
}

static void release(void *handle)
{
    natsMsg_Destroy(handle);
}

/* ---- Publishing ---- */

static int too_large(fl_nats *n, const filch_message *message)
{
    char text[320];
    snprintf(
        text, sizeof text,
        "message %.80s of %zu bytes and its headers exceed max_payload of the server, %lld less "
        "%d for headers of retries (or its headers alone 64 KiB); raise it, or store them "
        "elsewhere",
        message->id, message->body_size, (long long)natsConnection_GetMaxPayload(n->connection),
        HEADROOM);
    n->base.host->log(n->base.host, FILCH_LOG_WARN, text);
    return -EMSGSIZE;
}

/* 0, and the request; or the status. */
static int prepare(fl_nats *n, const fl_publication *one, unsigned index, fl_nats_request *out)
{
    char subject[FL_NATS_SUBJECT];
    const filch_message *message = one->message;
    int64_t most = natsConnection_GetMaxPayload(n->connection) - HEADROOM;
    filch_message sent = *message;
    if (message->dedup || message->priority || !fl_nats_subject(n, message->queue, subject))
        return -ENOTSUP;
    if (one->copy_of) {
        out->message = fl_nats_copy(n, index, subject, one);
        return out->message ? 0 : -EAGAIN;
    }
    if ((int64_t)fl_message_room(message) > most)
        return too_large(n, message);
    sent.deliveries = 0;
    out->message = fl_nats_write(n, index, subject, &sent);
    return out->message ? 0 : -EAGAIN;
}

static fl_broker_rc publish_part(fl_nats *n, fl_publication *batch, unsigned count)
{
    fl_nats_request requests[FL_NATS_BATCH] = {{0}};
    for (unsigned i = 0; i < count; i++)
        batch[i].status = prepare(n, &batch[i], i, &requests[i]);
    fl_broker_rc rc = fl_nats_exchange(n, requests, count, "publish to");
    for (unsigned i = 0; i < count; i++) {
        if (batch[i].status)
            continue;
        batch[i].status = fl_nats_stored(n, &requests[i], &rc);
        if (batch[i].status == -EMSGSIZE && !batch[i].copy_of)
            too_large(n, batch[i].message);
    }
    return rc;
}

static fl_broker_rc publish(fl_broker *broker, fl_publication *batch, unsigned count)
{
    fl_broker_rc rc = FL_BROKER_OK;
    for (unsigned i = 0; i < count; i++)
        batch[i].status = -EAGAIN;
    for (unsigned from = 0; from < count && !rc; from += FL_NATS_BATCH) {
        unsigned left = count - from;
        rc = publish_part(fl_nats_of(broker), batch + from,
                          left < FL_NATS_BATCH ? left : FL_NATS_BATCH);
    }
    return rc;
}

const fl_broker_kind fl_broker_nats = {
    .abi = FL_BROKER_ABI,
    .size = sizeof(fl_broker_kind),
    .name = "nats",
    .schemes = FL_BROKER_SCHEMES, /* of broker.cmake */
    .url = &fl_nats_url_kind,
    .tested = "NATS 2.9",
    .caps = {.durable = true,
             .delay = true,
             .deliveries = true,
             .keeps_leases = true,
             .counts = true,
             .lease_most = FILCH_FOREVER,
             .extends = true},
    .open = open_nats,
    .close = close_nats,
    .caps_of = caps_of,
    .watch = fl_nats_watch,
    .turn = fl_nats_turn,
    .receive = fl_nats_receive,
    .cease = fl_nats_cease,
    .settle = fl_copy_settle,
    .extend = fl_nats_extend,
    .release = release,
    .publish = publish,
    .count = fl_nats_count,
    .check = check,
    .transport = &fl_nats_transport,
};
