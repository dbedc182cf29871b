/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Broker `pubsub://`: topics and subscriptions of Google Cloud Pub/Sub. */
#include <runtime/service/modules.h>

#include <runtime/service/broker.h>
#include <runtime/service/brokers/pubsub/pubsub.h>
#include <runtime/service/brokers/pubsub/token.h>
#include <runtime/service/brokers/pubsub/url.h>
#include <runtime/service/key_order.h>
#include <runtime/service/net/http_client.h>

#include <filch/wait.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The server answers a request for messages after 90 s, if there are none. */
static const int64_t WAIT_AT_SERVER = 150 * FILCH_SECOND;

/* ---- Life ---- */

static void close_pubsub(fl_broker *broker)
{
    fl_pubsub *p = fl_pubsub_of(broker);
    if (p->token && p->failed != FL_BROKER_LOST)
        fl_pubsub_leave(p);
    for (unsigned i = 0; i < p->queue_count; i++)
        for (fl_pubsub_handle *one; (one = p->queues[i].first);) {
            p->queues[i].first = one->next;
            fl_pubsub_drop(p, one);
        }
    fl_pubsub_token_destroy(p->token);
    fl_web_destroy(p->web);
    fl_key_order_clear(&p->order);
    fl_pubsub_options_end(&p->options);
    free(p);
}

static fl_broker_rc check_queues(const fl_broker_config *config)
{
    for (unsigned i = 0; i < config->queue_count; i++)
        if (!fl_pubsub_is_name(config->queues[i]))
            return config->host->explain(
                config->host, FL_BROKER_FATAL,
                "queue '%s' is no name of a topic (valid: a letter, then letters, digits, - _ . ~ "
                "+; 3 to 200 bytes, not goog at the beginning)",
                config->queues[i]);
    return FL_BROKER_OK;
}

static fl_broker_rc check(const fl_broker_config *config)
{
    fl_pubsub_options options;
    fl_broker_rc rc = fl_pubsub_parse(config->host, config->url, &options);
    fl_pubsub_options_end(&options);
    return rc ? rc : check_queues(config);
}

static void name_queues(fl_pubsub *p)
{
    for (unsigned i = 0; i < p->queue_count; i++) {
        fl_pubsub_queue *queue = &p->queues[i];
        fl_pubsub_name(p, p->config.queues[i], "", queue);
        queue->last = &queue->first;
        for (unsigned k = 0; k < FL_PUBSUB_PULLS; k++)
            queue->pulls[k] = (fl_pubsub_pull){.owner = p, .queue = i};
    }
}

static fl_broker_rc connect_pubsub(fl_pubsub *p)
{
    const fl_broker_host *host = p->base.host;
    fl_broker_rc rc = check_queues(&p->config);
    rc = rc ? rc : fl_pubsub_parse(host, p->config.url, &p->options);
    if (rc)
        return rc;
    name_queues(p);
    p->web = fl_web_create(p->options.ca);
    if (!p->web)
        return host->explain(host, FL_BROKER_LOST,
                             "no memory or descriptor for a connection; free some");
    rc = fl_pubsub_token_create(&p->token, host, p->web, p->options.credentials);
    return rc ? rc : fl_pubsub_open_queues(p);
}

static fl_broker_rc open_pubsub(fl_broker **out, const fl_broker_config *config)
{
    const fl_broker_host *host = config->host;
    fl_pubsub *p = calloc(1, sizeof *p + config->queue_count * sizeof *p->queues);
    if (!p)
        return host->explain(host, FL_BROKER_LOST, "no memory for a connection; free some");
    p->base = (fl_broker){&fl_broker_pubsub, host};
    p->config = *config;
    if (p->config.call_timeout <= 0)
        p->config.call_timeout = 10 * FILCH_SECOND;
    p->queue_count = config->queue_count;
    p->wait_at_server = WAIT_AT_SERVER;
    fl_broker_rc rc = connect_pubsub(p);
    p->failed = rc;
    if (rc)
        close_pubsub(&p->base);
    else
        *out = &p->base;
    return rc;
}

/* The server counts deliveries for the sake of a dead-letter policy. With order no lease outlives its
 * connection (pubsub.h). */
static void caps_of(fl_broker *broker, fl_broker_caps *caps)
{
    fl_pubsub *p = fl_pubsub_of(broker);
    *caps = fl_broker_pubsub.caps;
    caps->deliveries = true;
    caps->keeps_leases = !p->options.is_ordered;
    for (unsigned i = 0; i < p->queue_count; i++)
        caps->deliveries &= p->queues[i].counts;
}

const fl_broker_kind fl_broker_pubsub = {
    .abi = FL_BROKER_ABI,
    .size = sizeof(fl_broker_kind),
    .name = "pubsub",
    .schemes = FL_BROKER_SCHEMES, /* of broker.cmake */
    .url = &fl_pubsub_url_kind,
    .tested = "a stand-in (preview)",
    .caps = {.durable = true,
             .delay = true,
             .keeps_leases = true,
             /* the longest whose deadline the server accepts */
             .lease_most = (int64_t)FL_PUBSUB_LEASE_MOST / 9 * 8 * FILCH_SECOND,
             .extends = true},
    .open = open_pubsub,
    .close = close_pubsub,
    .caps_of = caps_of,
    .watch = fl_pubsub_watch,
    .turn = fl_pubsub_turn,
    .receive = fl_pubsub_receive,
    .cease = fl_pubsub_cease,
    .settle = fl_pubsub_settle,
    .extend = fl_pubsub_extend,
    .release = fl_pubsub_release,
    .publish = fl_pubsub_publish,
    .check = check,
    .may_come = fl_pubsub_may_come,
    .transport = &fl_pubsub_transport,
};
