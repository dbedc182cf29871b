/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Broker `sqs:` and `sqs+http://`: queues of Amazon SQS. A confirmed message is stored in several data
 * centres. Each message is kept for up to 14 days, however often it is tried. */
#include <runtime/service/brokers/sqs/sqs.h>

#include <filch/log.h>
#include <filch/wait.h>
#include <runtime/service/broker.h>
#include <runtime/service/brokers/sqs/keys.h>
#include <runtime/service/brokers/sqs/url.h>
#include <runtime/service/copy.h>
#include <runtime/service/modules.h>
#include <runtime/service/net/http_client.h>
#include <runtime/service/url.h>

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
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
                "queue '%.100s' is not a valid SQS name (valid: letters, digits, - and _, then "
                ".fifo or "
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
             "(MaximumMessageSize of queue %.80s minus %d for a dead letter's headers); raise it "
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

/* ---- Queues ---- */

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
