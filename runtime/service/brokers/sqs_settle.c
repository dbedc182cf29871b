/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/service/brokers/sqs.h>

#include <runtime/service/broker.h>

#include <filch/log.h>
#include <filch/wait.h>

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char SEND[] = "SendMessageBatch", DELETE[] = "DeleteMessageBatch",
                  VISIBILITY[] = "ChangeMessageVisibilityBatch";

json_t *fl_sqs_visible_in(const char *receipt, int64_t seconds)
{
    return json_pack("{s:s, s:I}", "ReceiptHandle", receipt, "VisibilityTimeout",
                     (json_int_t)seconds);
}

static fl_sqs_queue *queue_of(const fl_sqs *s, const fl_settlement *one)
{
    return s->queues[one->delivery->queue];
}

/* ---- Copies ---- */

/* Its copy is confirmed, so it can only be deleted: by this settlement, or the next if that fails. */
static bool is_copied(const fl_settlement *one)
{
    return one->delivery->tag[FL_SQS_COPIED];
}

/* In a FIFO queue a copy would lose its place. */
static bool needs_copy(const fl_sqs *s, const fl_settlement *one)
{
    if (is_copied(one))
        return false;
    if (one->verb == FL_SETTLE_DEAD)
        return true;
    return !queue_of(s, one)->is_fifo &&
           (one->verb == FL_SETTLE_RETRY ||
            (one->verb == FL_SETTLE_RETURN && one->delivery->message.deliveries > 1));
}

static filch_message changes_of(const fl_settlement *one)
{
    filch_message message = one->delivery->message;
    bool is_retry = one->verb == FL_SETTLE_RETRY, is_return = one->verb == FL_SETTLE_RETURN;
    message.attempt = is_retry ? one->attempt : message.attempt;
    message.delay = is_retry ? one->delay : 0;
    message.deliveries = is_return ? message.deliveries - 1 : 0; /* this delivery does not count */
    message.expires = one->verb == FL_SETTLE_DEAD ? 0 : message.expires;
    return message;
}

/* The message stays, and its lease ends: there is no room for the headers of a copy. */
static int refuse_copy(const fl_sqs *s, const fl_settlement *one)
{
    char text[320];
    snprintf(
        text, sizeof text,
        "message %.80s of queue %.90s cannot be copied, for a retry or as a dead letter: it is "
        "over %d bytes with its headers, or the server refuses it",
        one->delivery->message.id, queue_of(s, one)->name, (int)FL_SQS_SIZE_MOST);
    s->base.host->log(s->base.host, FILCH_LOG_ERROR, text);
    return -ESTALE;
}

static fl_broker_rc write_copy(fl_sqs *s, const fl_settlement *one, fl_sqs_entry *out, int *status)
{
    char name[2 * FL_SQS_NAME];
    fl_sqs_queue *queue = queue_of(s, one);
    const filch_message message = changes_of(one);
    snprintf(name, sizeof name, "%s.dlq", queue->name);
    fl_broker_rc rc = one->verb == FL_SETTLE_DEAD ? fl_sqs_find(s, name, &queue) : FL_BROKER_OK;
    *status = rc ? -EAGAIN
                 : fl_sqs_write(s, queue,
                                &(fl_sqs_copy){.message = &message,
                                               .more = one->headers,
                                               .more_count = one->header_count,
                                               .original = one->delivery->handle},
                                out);
    return rc;
}

/* Sends the copies. Status 0: the original may go. */
static fl_broker_rc send_copies(fl_sqs *s, fl_settlement *batch, unsigned count,
                                fl_sqs_entry *entries)
{
    fl_broker_rc rc = FL_BROKER_OK;
    bool has_some = false;
    for (unsigned i = 0; i < count; i++) {
        entries[i] = (fl_sqs_entry){0};
        batch[i].status = fl_sqs_now(s) < batch[i].delivery->lease_until ? 0 : -ESTALE;
        if (batch[i].status || !needs_copy(s, &batch[i]))
            continue;
        fl_broker_rc written = write_copy(s, &batch[i], &entries[i], &batch[i].status);
        rc = rc ? rc : written;
        has_some |= entries[i].entry != NULL;
    }
    fl_broker_rc sent = has_some ? fl_sqs_batch(s, SEND, entries, count) : FL_BROKER_OK;
    for (unsigned i = 0; i < count; i++) {
        if (!batch[i].status && entries[i].queue) {
            batch[i].status = entries[i].status;
            batch[i].delivery->tag[FL_SQS_COPIED] = !entries[i].status;
        }
        if (batch[i].status == -EINVAL || batch[i].status == -EMSGSIZE ||
            batch[i].status == -ENOTSUP)
            batch[i].status = refuse_copy(s, &batch[i]);
    }
    return rc ? rc : sent;
}

/* ---- Settling ---- */

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
    if (one->verb == FL_SETTLE_ACK || is_copied(one))
        return -1;
    int64_t seconds = one->verb == FL_SETTLE_RETRY ? fl_sqs_seconds(one->delay) : 0,
            most = most_visible_in(s, one->delivery);
    return seconds < most ? seconds : most;
}

static fl_broker_rc send_answers(fl_sqs *s, fl_settlement *batch, unsigned count, bool deletes,
                                 fl_sqs_entry *entries)
{
    bool has_some = false;
    for (unsigned i = 0; i < count; i++) {
        int64_t seconds = visible_in(s, &batch[i]);
        entries[i] = (fl_sqs_entry){.queue = queue_of(s, &batch[i])};
        if (batch[i].status || (seconds < 0) != deletes)
            continue;
        entries[i].entry = deletes ? json_pack("{s:s}", "ReceiptHandle", batch[i].delivery->handle)
                                   : fl_sqs_visible_in(batch[i].delivery->handle, seconds);
        entries[i].status = -EAGAIN;
        has_some = true;
    }
    fl_broker_rc rc =
        has_some ? fl_sqs_batch(s, deletes ? DELETE : VISIBILITY, entries, count) : FL_BROKER_OK;
    for (unsigned i = 0; i < count; i++)
        if (entries[i].status) /* a receipt that is refused is of an older delivery */
            batch[i].status = entries[i].status == -EINVAL ? -ESTALE : -EAGAIN;
    return rc;
}

fl_broker_rc fl_sqs_settle(fl_broker *broker, fl_settlement *batch, unsigned count)
{
    fl_sqs *s = fl_sqs_of(broker);
    fl_sqs_entry *entries = calloc(count ? count : 1, sizeof *entries);
    for (unsigned i = 0; i < count; i++)
        batch[i].status = -EAGAIN;
    if (!entries)
        return broker->host->explain(broker->host, FL_BROKER_LOST,
                                     "no memory for settlements; free some");
    fl_broker_rc copied = send_copies(s, batch, count, entries),
                 deleted = send_answers(s, batch, count, true, entries),
                 shown = send_answers(s, batch, count, false, entries);
    free(entries);
    return copied ? copied : deleted ? deleted : shown;
}

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
