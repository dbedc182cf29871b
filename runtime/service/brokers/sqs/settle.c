/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/service/brokers/sqs/sqs.h>

#include <runtime/service/broker.h>
#include <runtime/service/copy.h>

#include <filch/wait.h>

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>

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
