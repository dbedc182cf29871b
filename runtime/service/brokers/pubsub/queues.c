/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/service/brokers/pubsub/pubsub.h>

#include <runtime/service/broker.h>

#include <filch/wait.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
        return refuse(p, queue, "is of another topic, or of one that was deleted");
    if (p->options.is_ordered && !json_is_true(json_object_get(found, "enableMessageOrdering")))
        return refuse(p, queue, "keeps no order, which ordering=yes asks for");
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
