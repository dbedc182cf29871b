/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/service/brokers/sqs/sqs.h>

#include <runtime/service/broker.h>

#include <ctype.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The server's limit for names. */
enum { REMOTE_MOST = 80 };
static const char RETENTION[] =
    "1209600"; /* seconds that a message is kept: the longest, 14 days */

/* ---- Names ---- */

static bool ends_with(const char *text, size_t length, const char *end)
{
    size_t size = strlen(end);
    return length > size && memcmp(text + length - size, end, size) == 0;
}

bool fl_sqs_remote_name(const char *name, char remote[FL_SQS_NAME])
{
    size_t length = strlen(name);
    unsigned dead = 0;
    for (; ends_with(name, length, ".dlq"); length -= strlen(".dlq"))
        dead++;
    bool is_fifo = ends_with(name, length, ".fifo");
    if (is_fifo)
        length -= strlen(".fifo");
    for (size_t i = 0; i < length; i++)
        if (!isalnum((unsigned char)name[i]) && !strchr("-_", name[i]))
            return false;
    size_t size = length + dead * strlen("-dlq") + (is_fifo ? strlen(".fifo") : 0);
    if (!length || size > REMOTE_MOST)
        return false;
    memcpy(remote, name, length);
    for (; dead; dead--, length += strlen("-dlq"))
        memcpy(remote + length, "-dlq", strlen("-dlq"));
    strcpy(remote + length, is_fifo ? ".fifo" : "");
    return true;
}

/* ---- Looking up ---- */

static fl_broker_rc create(fl_sqs *s, fl_sqs_queue *queue, fl_sqs_call *call)
{
    json_t *attributes = json_pack("{s:s}", "MessageRetentionPeriod", RETENTION);
    if (queue->is_fifo)
        json_object_set_new(attributes, "FifoQueue", json_string("true"));
    return fl_sqs_ask(s, "CreateQueue",
                      json_pack("{s:s, s:o}", "QueueName", queue->remote, "Attributes", attributes),
                      call);
}

static fl_broker_rc look_up(fl_sqs *s, fl_sqs_queue *queue)
{
    fl_sqs_call call;
    json_t *request = json_pack("{s:s}", "QueueName", queue->remote);
    if (s->options.account)
        json_object_set_new(request, "QueueOwnerAWSAccountId", json_string(s->options.account));
    fl_broker_rc rc = fl_sqs_ask(s, "GetQueueUrl", request, &call);
    if (rc && fl_sqs_is_absent(&call)) {
        if (!s->options.creates)
            return s->base.host->explain(s->base.host, FL_BROKER_REFUSED,
                                         "queue %s does not exist at %s; create it, or leave "
                                         "create=no out of the URL",
                                         queue->remote, s->options.host);
        rc = create(s, queue, &call);
    }
    if (rc)
        return rc;
    const char *url = json_string_value(json_object_get(call.answer, "QueueUrl"));
    queue->url = url ? strdup(url) : NULL;
    json_decref(call.answer);
    return queue->url
               ? FL_BROKER_OK
               : s->base.host->explain(s->base.host, FL_BROKER_LOST, "%s has no URL for queue %s",
                                       s->options.host, queue->remote);
}

/* If the server does not report the size, or a policy forbids the question, it refuses each message itself. */
static fl_broker_rc read_size(fl_sqs *s, fl_sqs_queue *queue)
{
    static const char name[] = "MaximumMessageSize";
    fl_sqs_call call;
    queue->size_most = FL_SQS_SIZE_MOST;
    fl_broker_rc rc =
        fl_sqs_ask(s, "GetQueueAttributes",
                   json_pack("{s:s, s:[s]}", "QueueUrl", queue->url, "AttributeNames", name),
                   &call);
    if (rc)
        return rc == FL_BROKER_REFUSED ? FL_BROKER_OK : rc;
    const char *text =
        json_string_value(json_object_get(json_object_get(call.answer, "Attributes"), name));
    unsigned long most = text ? strtoul(text, NULL, 10) : 0;
    if (most && most < queue->size_most)
        queue->size_most = (unsigned)most;
    json_decref(call.answer);
    return FL_BROKER_OK;
}

static void free_queue(fl_sqs_queue *queue)
{
    free(queue->name);
    free(queue->url);
    free(queue);
}

static fl_sqs_queue *make_queue(fl_sqs *s, const char *name)
{
    fl_sqs_queue *queue = calloc(1, sizeof *queue);
    if (!queue)
        return NULL;
    queue->name = strdup(name);
    queue->end = &queue->first;
    queue->poll.s = s;
    queue->side_by_side = 1;
    if (queue->name)
        return queue;
    free_queue(queue);
    return NULL;
}

fl_broker_rc fl_sqs_find(fl_sqs *s, const char *name, fl_sqs_queue **out)
{
    const fl_broker_host *host = s->base.host;
    for (fl_sqs_queue *one = s->known; one; one = one->next)
        if (strcmp(one->name, name) == 0) {
            *out = one;
            return FL_BROKER_OK;
        }
    fl_sqs_queue *queue = make_queue(s, name);
    if (!queue)
        return host->explain(host, FL_BROKER_LOST, "no memory for a queue; free some");
    fl_sqs_remote_name(name, queue->remote);
    queue->is_fifo = ends_with(queue->remote, strlen(queue->remote), ".fifo");
    fl_broker_rc rc = look_up(s, queue);
    rc = rc ? rc : read_size(s, queue);
    if (rc) {
        free_queue(queue);
        return rc;
    }
    queue->next = s->known;
    s->known = queue;
    *out = queue;
    return FL_BROKER_OK;
}

void fl_sqs_forget_queues(fl_sqs *s)
{
    for (fl_sqs_queue *one; (one = s->known);) {
        s->known = one->next;
        fl_sqs_cancel(&one->poll);
        free_queue(one);
    }
}

/* ---- Counts ---- */

static const struct {
    const char *name;
    size_t offset;
} attributes[] = {
    {"ApproximateNumberOfMessages", offsetof(fl_broker_count, ready)},
    {"ApproximateNumberOfMessagesDelayed", offsetof(fl_broker_count, delayed)},
    {"ApproximateNumberOfMessagesNotVisible", offsetof(fl_broker_count, leased)},
};
enum { ATTRIBUTES = sizeof attributes / sizeof *attributes };

static fl_broker_rc count_one(fl_sqs *s, fl_sqs_queue *queue, fl_broker_count *out)
{
    fl_sqs_call call;
    fl_broker_rc rc =
        fl_sqs_ask(s, "GetQueueAttributes",
                   json_pack("{s:s, s:[s,s,s]}", "QueueUrl", queue->url, "AttributeNames",
                             attributes[0].name, attributes[1].name, attributes[2].name),
                   &call);
    if (rc)
        return rc;
    json_t *values = json_object_get(call.answer, "Attributes");
    for (unsigned i = 0; i < ATTRIBUTES; i++) {
        const char *text = json_string_value(json_object_get(values, attributes[i].name));
        *(uint64_t *)(void *)((char *)out + attributes[i].offset) =
            text ? strtoull(text, NULL, 10) : 0;
    }
    json_decref(call.answer);
    return FL_BROKER_OK;
}

fl_broker_rc fl_sqs_count(fl_broker *broker, unsigned queue, fl_broker_count *out)
{
    fl_sqs *s = fl_sqs_of(broker);
    char name[FL_SQS_NAME * 2];
    fl_sqs_queue *dead;
    fl_broker_count letters = {0};
    *out = (fl_broker_count){.oldest = FL_BROKER_UNKNOWN}; /* CloudWatch has it */
    snprintf(name, sizeof name, "%s.dlq", s->queues[queue]->name);
    fl_broker_rc rc = count_one(s, s->queues[queue], out);
    rc = rc ? rc : fl_sqs_find(s, name, &dead);
    rc = rc ? rc : count_one(s, dead, &letters);
    out->dead = fl_broker_count_unfinished(&letters);
    return rc;
}
