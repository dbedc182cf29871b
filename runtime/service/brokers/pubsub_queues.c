/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/service/brokers/pubsub.h>

#include <runtime/service/broker.h>

#include <filch/wait.h>

#include <stdio.h>
#include <string.h>

enum { OK = 200, NOT_FOUND = 404, CONFLICT = 409 };

int64_t fl_pubsub_deadline(int64_t lease)
{
    int64_t seconds = (lease + lease / 8 + FILCH_SECOND - 1) / FILCH_SECOND;
    seconds = seconds < FL_PUBSUB_LEASE_LEAST ? FL_PUBSUB_LEASE_LEAST : seconds;
    return seconds < FL_PUBSUB_LEASE_MOST ? seconds : FL_PUBSUB_LEASE_MOST;
}

void fl_pubsub_name(const fl_pubsub *p, const char *name, const char *more, fl_pubsub_queue *out)
{
    const char *project = p->options.project, *prefix = p->options.prefix;
    snprintf(out->topic, FL_PUBSUB_NAME, "projects/%.100s/topics/%s%s%s", project, prefix, name,
             more);
    snprintf(out->subscription, FL_PUBSUB_NAME, "projects/%.100s/subscriptions/%s%s%s-filch",
             project, prefix, name, more);
}

/* Another connection may create it at the same time. */
static fl_broker_rc create(fl_pubsub *p, const char *name, json_t *body, const char *doing)
{
    fl_pubsub_reply reply;
    fl_broker_rc rc = fl_pubsub_ask(p, "PUT", name, body, CONFLICT, &reply, doing);
    json_decref(reply.json);
    return rc;
}

static fl_broker_rc create_both(fl_pubsub *p, fl_pubsub_queue *queue)
{
    const int64_t seconds = fl_pubsub_deadline(p->config.lease);
    fl_broker_rc rc = create(p, queue->topic, json_object(), "create a topic at");
    if (rc)
        return rc;
    /* an expiration policy without a time: unused subscriptions stay */
    json_t *body = json_pack("{s:s, s:I, s:{}, s:b}", "topic", queue->topic, "ackDeadlineSeconds",
                             (json_int_t)seconds, "expirationPolicy", "enableMessageOrdering",
                             p->options.is_ordered);
    rc = create(p, queue->subscription, body, "create a subscription at");
    queue->deadline = 0; /* of another connection that was faster */
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
