/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/service/brokers/sqs/sqs.h>

#include <runtime/service/broker.h>
#include <runtime/service/net/http_client.h>

#include <filch/wait.h>

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Requests of one batch. */
typedef struct batch {
    fl_sqs *s;
    const char *operation;
    fl_sqs_entry *entries;
    unsigned count;
    fl_broker_rc rc; /* the first that is not OK */
} batch;

/* ---- Answers ---- */

/* The entry that an item of the answer names; NULL: none of this batch. */
static fl_sqs_entry *entry_of(const batch *b, json_t *item)
{
    char *end = NULL;
    const char *id = json_string_value(json_object_get(item, "Id"));
    unsigned long index = id ? strtoul(id, &end, 10) : b->count;
    return id && *id && !*end && index < b->count ? &b->entries[index] : NULL;
}

/* The sender's faults are for good, others pass. */
static void fail(batch *b, fl_sqs_entry *entry, json_t *item)
{
    const fl_broker_host *host = b->s->base.host;
    const char *code = json_string_value(json_object_get(item, "Code"));
    code = code ? code : "";
    bool is_throttled = strstr(code, "hrottl") || strstr(code, "OverLimit");
    if (json_is_true(json_object_get(item, "SenderFault")) && !is_throttled) {
        char text[256];
        snprintf(text, sizeof text, "%s refuses a message of queue %.90s: %.64s", b->operation,
                 entry->queue->name, code);
        host->log(host, FILCH_LOG_DEBUG, text);
        entry->status = -EINVAL;
        return;
    }
    entry->status = -EAGAIN;
    fl_sqs_throttle(b->s, 0);
    b->rc = b->rc ? b->rc
                  : host->explain(host, FL_BROKER_BUSY,
                                  "%s at %s: %.64s for one message; the service tries again",
                                  b->operation, b->s->options.host, code);
}

static void read_answer(batch *b, fl_sqs_call *call)
{
    size_t i;
    json_t *item;
    json_array_foreach(json_object_get(call->answer, "Successful"), i, item)
    {
        fl_sqs_entry *entry = entry_of(b, item);
        if (entry)
            entry->status = 0;
    }
    json_array_foreach(json_object_get(call->answer, "Failed"), i, item)
    {
        fl_sqs_entry *entry = entry_of(b, item);
        if (entry)
            fail(b, entry, item);
    }
    json_decref(call->answer);
    b->rc = b->rc ? b->rc : call->rc;
}

/* ---- Requests ---- */

/* Has the list a message of its group? One that is declined must not be passed by the next. */
static bool has_group(json_t *list, json_t *entry)
{
    size_t i;
    json_t *one, *group = json_object_get(entry, "MessageGroupId");
    json_array_foreach(list, i, one)
    {
        if (group && json_equal(group, json_object_get(one, "MessageGroupId")))
            return true;
    }
    return false;
}

/* Moves the entries of the next request into a list: of one queue, from *at on. NULL: there are none. */
static json_t *gather(batch *b, unsigned *at, fl_sqs_queue **queue)
{
    json_t *list = NULL;
    size_t size = 0;
    for (unsigned i = *at; i < b->count; i++) {
        char id[16];
        fl_sqs_entry *one = &b->entries[i];
        if (!one->entry || (list && one->queue != *queue) || has_group(list, one->entry))
            continue;
        if (!list) {
            list = json_array();
            *queue = one->queue;
            *at = i;
        } else if (json_array_size(list) == FL_SQS_ENTRIES ||
                   size + one->size > one->queue->size_most) {
            break;
        }
        size += one->size;
        snprintf(id, sizeof id, "%u", i);
        json_object_set_new(one->entry, "Id", json_string(id));
        json_array_append_new(list, one->entry);
        one->entry = NULL;
        one->status = -EAGAIN;
    }
    if (!list)
        *at = b->count;
    return list;
}

/* Sends up to FL_SQS_PARALLEL requests, and waits for them. */
static void send_some(batch *b, unsigned *at)
{
    fl_sqs_call calls[FL_SQS_PARALLEL];
    unsigned begun = 0, left = 0;
    fl_sqs_queue *queue = NULL;
    bool is_last = false;
    for (json_t *list; begun < FL_SQS_PARALLEL && !is_last && (list = gather(b, at, &queue));) {
        calls[begun] = (fl_sqs_call){.s = b->s, .left = &left};
        left++;
        fl_sqs_begin(&calls[begun], b->operation,
                     json_pack("{s:s, s:o}", "QueueUrl", queue->url, "Entries", list),
                     b->s->config.call_timeout);
        is_last = queue->is_fifo || calls[begun].rc; /* the next would fail for the same reason */
        begun++;
    }
    fl_web_finish(b->s->web, &left, FILCH_FOREVER); /* requests have their own time */
    for (unsigned i = 0; i < begun; i++)
        read_answer(b, &calls[i]);
}

fl_broker_rc fl_sqs_batch(fl_sqs *s, const char *operation, fl_sqs_entry *entries, unsigned count)
{
    batch b = {.s = s, .operation = operation, .entries = entries, .count = count};
    for (unsigned at = 0; at < count && !b.rc;)
        send_some(&b, &at);
    for (unsigned i = 0; i < count; i++)
        if (entries[i].entry) {
            json_decref(entries[i].entry);
            entries[i].entry = NULL;
            entries[i].status = -EAGAIN;
        }
    return b.rc;
}
