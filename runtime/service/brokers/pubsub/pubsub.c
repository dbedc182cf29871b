/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Broker `pubsub://`: topics and subscriptions of Google Cloud Pub/Sub. */
#include <runtime/service/brokers/pubsub/pubsub.h>

#include <filch/wait.h>
#include <runtime/service/broker.h>
#include <runtime/service/brokers/pubsub/token.h>
#include <runtime/service/brokers/pubsub/url.h>
#include <runtime/service/key_order.h>
#include <runtime/service/modules.h>
#include <runtime/service/net/http_client.h>

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
            return config->host->explain(config->host, FL_BROKER_FATAL,
                                         "queue '%s' is not a valid topic name (valid: a letter, "
                                         "then letters, digits, - _ . ~ "
                                         "+; 3 to 200 bytes, not beginning with goog)",
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

/* ---- Queues ---- */

enum { OK = 200, NOT_FOUND = 404, CONFLICT = 409 };

/* ns. A message waits at the server, which keeps it for seven days unless the subscription says otherwise
 * ("604800s"). Each FL_PUBSUB_LEASE_MOST of waiting is a delivery, and a dead-letter policy allows only so
 * many: half of them are left for deliveries that count. found: the subscription, or NULL. */
static int64_t delay_most(const json_t *found)
{
    enum { KEPT = 7 * 24 * 3600, SPARE = 3600 };
    const char *kept = json_string_value(json_object_get(found, "messageRetentionDuration"));
    const json_t *policy = json_object_get(found, "deadLetterPolicy");
    int64_t attempts = json_integer_value(json_object_get(policy, "maxDeliveryAttempts"));
    int64_t seconds = kept ? strtoll(kept, NULL, 10) : KEPT;
    seconds = seconds > 2 * SPARE ? seconds - SPARE : seconds / 2;
    if (attempts > 0 && attempts / 2 * FL_PUBSUB_LEASE_MOST < seconds)
        seconds = attempts / 2 * FL_PUBSUB_LEASE_MOST;
    return seconds * FILCH_SECOND;
}

void fl_pubsub_name(const fl_pubsub *p, const char *name, const char *more, fl_pubsub_queue *out)
{
    const char *project = p->options.project, *prefix = p->options.prefix;
    snprintf(out->topic, FL_PUBSUB_NAME, "projects/%.100s/topics/%s%s%s", project, prefix, name,
             more);
    snprintf(out->subscription, FL_PUBSUB_NAME, "projects/%.100s/subscriptions/%s%s%s-filch",
             project, prefix, name, more);
    out->delay_most = delay_most(NULL);
}

/* Another connection may create it at the same time: then *is_mine is false. */
static fl_broker_rc create(fl_pubsub *p, const char *name, json_t *body, const char *doing,
                           bool *is_mine)
{
    fl_pubsub_reply reply;
    fl_broker_rc rc = fl_pubsub_ask(p, "PUT", name, body, CONFLICT, &reply, doing);
    *is_mine = !rc && reply.status != CONFLICT;
    json_decref(reply.json);
    return rc;
}

static fl_broker_rc create_both(fl_pubsub *p, fl_pubsub_queue *queue)
{
    const int64_t seconds = fl_pubsub_deadline(p->config.lease);
    bool is_mine;
    fl_broker_rc rc = create(p, queue->topic, json_object(), "create a topic at", &is_mine);
    if (rc)
        return rc;
    /* an expiration policy without a time: unused subscriptions stay */
    json_t *body = json_pack("{s:s, s:I, s:{}, s:b}", "topic", queue->topic, "ackDeadlineSeconds",
                             (json_int_t)seconds, "expirationPolicy", "enableMessageOrdering",
                             p->options.is_ordered);
    rc = create(p, queue->subscription, body, "create a subscription at", &is_mine);
    queue->deadline = is_mine ? seconds : 0;
    return rc;
}

static fl_broker_rc refuse(fl_pubsub *p, const fl_pubsub_queue *queue, const char *why)
{
    return p->base.host->explain(p->base.host, FL_BROKER_REFUSED, "%s %s; delete it, or %s",
                                 queue->subscription, why,
                                 "set another prefix in the URL of the broker");
}

static fl_broker_rc adopt(fl_pubsub *p, fl_pubsub_queue *queue, const json_t *found)
{
    const char *topic = json_string_value(json_object_get(found, "topic"));
    queue->delay_most = delay_most(found);
    queue->deadline = json_integer_value(json_object_get(found, "ackDeadlineSeconds"));
    queue->counts = json_is_object(json_object_get(found, "deadLetterPolicy"));
    if (!topic || strcmp(topic, queue->topic) != 0)
        return refuse(p, queue, "belongs to another topic, or to one that was deleted");
    if (p->options.is_ordered && !json_is_true(json_object_get(found, "enableMessageOrdering")))
        return refuse(p, queue, "is not ordered, but ordering=yes requires it");
    if (json_string_value(json_object_get(json_object_get(found, "pushConfig"), "pushEndpoint")))
        return refuse(p, queue, "pushes its messages elsewhere");
    return FL_BROKER_OK;
}

static fl_broker_rc open_queue(fl_pubsub *p, fl_pubsub_queue *queue)
{
    fl_pubsub_reply reply;
    fl_broker_rc rc = fl_pubsub_ask(p, "GET", queue->subscription, NULL, NOT_FOUND, &reply,
                                    "look up a subscription at");
    if (!rc && reply.status == NOT_FOUND)
        rc = create_both(p, queue);
    else if (!rc)
        rc = adopt(p, queue, reply.json);
    json_decref(reply.json);
    return rc;
}

fl_broker_rc fl_pubsub_open_queues(fl_pubsub *p)
{
    fl_broker_rc rc = FL_BROKER_OK;
    for (unsigned i = 0; i < p->queue_count && !rc && p->options.creates; i++)
        rc = open_queue(p, &p->queues[i]);
    return rc;
}

fl_broker_rc fl_pubsub_open_letters(fl_pubsub *p, unsigned index)
{
    fl_pubsub_queue *queue = &p->queues[index], letters = {0};
    if (queue->has_letters || !p->options.creates)
        return FL_BROKER_OK;
    fl_pubsub_name(p, p->config.queues[index], ".dlq", &letters);
    fl_broker_rc rc = open_queue(p, &letters);
    queue->has_letters = !rc;
    return rc;
}
