/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <filch/wait.h>
#include <runtime/service/broker.h>
#include <runtime/service/brokers/sqs/sqs.h>
#include <runtime/service/copy.h>
#include <runtime/service/net/http_client.h>

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char DELETE[] = "DeleteMessageBatch", VISIBILITY[] = "ChangeMessageVisibilityBatch";

json_t *fl_sqs_visible_in(const char *receipt, int64_t seconds)
{
    return json_pack("{s:s, s:I}", "ReceiptHandle", receipt, "VisibilityTimeout",
                     (json_int_t)seconds);
}

static fl_sqs_queue *queue_of(const fl_sqs *s, const fl_settlement *one)
{
    return s->queues[one->delivery->queue];
}

/* ---- Settling ---- */

static bool is_lost(fl_broker *broker, fl_delivery *delivery)
{
    return fl_sqs_now(fl_sqs_of(broker)) >= delivery->lease_until;
}

/* In a FIFO queue a copy would lose its place. */
static bool needs_copy(fl_broker *broker, const fl_settlement *one)
{
    bool keeps_place = queue_of(fl_sqs_of(broker), one)->is_fifo ||
                       (one->verb == FL_SETTLE_RETURN && one->delivery->message.deliveries <= 1);
    return one->verb == FL_SETTLE_DEAD || !keeps_place;
}

/* The server refuses a time that ends later than 12 hours after the message was received. */
static int64_t most_visible_in(const fl_sqs *s, const fl_delivery *delivery)
{
    int64_t passed = fl_sqs_now(s) - (int64_t)delivery->tag[FL_SQS_RECEIVED],
            most = FL_SQS_VISIBILITY_MOST - 1 - fl_sqs_seconds(passed);
    return most > 0 ? most : 0;
}

/* Seconds until the message is visible again; -1: it is deleted. */
static int64_t visible_in(const fl_sqs *s, const fl_settlement *one)
{
    fl_settle_verb verb = fl_copy_verb(one);
    if (verb == FL_SETTLE_ACK)
        return -1;
    int64_t seconds = verb == FL_SETTLE_RETRY ? fl_sqs_seconds(one->delay) : 0,
            most = most_visible_in(s, one->delivery);
    return seconds < most ? seconds : most;
}

static fl_broker_rc send_answers(fl_sqs *s, fl_settlement *batch, unsigned count, bool deletes)
{
    fl_sqs_entry entries[FL_COPY_BATCH];
    bool has_some = false, is_sent[FL_COPY_BATCH];
    for (unsigned i = 0; i < count; i++) {
        int64_t seconds = visible_in(s, &batch[i]);
        entries[i] = (fl_sqs_entry){.queue = queue_of(s, &batch[i])};
        is_sent[i] = batch[i].status == FL_SETTLE_TO_DO && (seconds < 0) == deletes;
        if (!is_sent[i])
            continue;
        entries[i].entry = deletes ? json_pack("{s:s}", "ReceiptHandle", batch[i].delivery->handle)
                                   : fl_sqs_visible_in(batch[i].delivery->handle, seconds);
        entries[i].status = -EAGAIN;
        has_some = true;
    }
    fl_broker_rc rc =
        has_some ? fl_sqs_batch(s, deletes ? DELETE : VISIBILITY, entries, count) : FL_BROKER_OK;
    for (unsigned i = 0; i < count; i++)
        if (is_sent[i]) /* a receipt that is refused is of an older delivery */
            batch[i].status = entries[i].status == -EINVAL ? -ESTALE : entries[i].status;
    return rc;
}

static fl_broker_rc answer(fl_broker *broker, fl_settlement *batch, unsigned count)
{
    fl_sqs *s = fl_sqs_of(broker);
    fl_broker_rc deleted = send_answers(s, batch, count, true),
                 shown = send_answers(s, batch, count, false);
    return deleted ? deleted : shown;
}

const fl_transport fl_sqs_transport = {.remedy = "raise MaximumMessageSize of the queue",
                                       .delays = true,
                                       .is_lost = is_lost,
                                       .needs_copy = needs_copy,
                                       .answer = answer};

/* ---- Leases ---- */

/* Seconds of visibility for a lease: near the end of the 12 hours, the rest of them. */
static int64_t extended_by(const fl_sqs *s, const fl_delivery *delivery, int64_t lease)
{
    int64_t seconds = fl_sqs_visibility(lease), most = most_visible_in(s, delivery);
    return seconds < most ? seconds : most;
}

fl_broker_rc fl_sqs_extend(fl_broker *broker, fl_delivery *const *batch, unsigned count,
                           int64_t lease)
{
    fl_sqs *s = fl_sqs_of(broker);
    fl_sqs_entry *entries = calloc(count ? count : 1, sizeof *entries);
    if (!entries)
        return broker->host->explain(broker->host, FL_BROKER_LOST,
                                     "no memory for leases; free some");
    int64_t now = fl_sqs_now(s);
    for (unsigned i = 0; i < count; i++) {
        int64_t seconds = extended_by(s, batch[i], lease);
        entries[i].queue = s->queues[batch[i]->queue];
        entries[i].status = batch[i]->lease_until > now ? -EAGAIN : -EINVAL;
        if (batch[i]->lease_until > now)
            entries[i].entry = fl_sqs_visible_in(batch[i]->handle, seconds);
    }
    fl_broker_rc rc = fl_sqs_batch(s, VISIBILITY, entries, count);
    for (unsigned i = 0; i < count; i++) {
        int64_t most = extended_by(s, batch[i], lease) * FILCH_SECOND;
        if (entries[i].status != -EAGAIN)
            batch[i]->lease_until = entries[i].status ? 0 : now + (lease < most ? lease : most);
    }
    free(entries);
    return rc;
}

/* ---- Batches ---- */

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
