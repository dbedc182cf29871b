/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Settlements, after their copies: offsets are finished, then committed. */
#include <filch/log.h>
#include <filch/wait.h>
#include <runtime/service/broker.h>
#include <runtime/service/brokers/kafka/kafka.h>
#include <runtime/service/brokers/kafka/partitions.h>
#include <runtime/service/copy.h>
#include <runtime/service/key_order.h>

#include <errno.h>
#include <stdio.h>

static bool is_lost(fl_broker *broker, fl_delivery *delivery)
{
    return !fl_kafka_part_of(fl_kafka_of(broker), delivery->tag[0]);
}

/* A retry of an ordered job waits in its place. */
static bool needs_copy(fl_broker *broker, const fl_settlement *one)
{
    return one->verb == FL_SETTLE_DEAD ||
           (one->verb == FL_SETTLE_RETRY &&
            !fl_kafka_key(fl_kafka_of(broker), &one->delivery->message));
}

/* This connection delivers the message again: a returned one before younger ones, a retry at its time. At the
 * end of a connection it stays unfinished, for the next owner of the partition. */
static int keep(fl_kafka *k, const fl_kafka_part *part, const fl_settlement *one)
{
    const fl_broker_host *host = k->base.host;
    const fl_delivery *delivery = one->delivery;
    filch_message message = delivery->message;
    if (k->is_ceased || part->is_leaving)
        return 0;
    if (one->verb == FL_SETTLE_RETRY)
        message.attempt = one->attempt;
    fl_delivery *copy =
        fl_kafka_reserve(k, delivery->queue) ? host->delivery(host, &message) : NULL;
    if (!copy)
        return -EAGAIN;
    copy->queue = delivery->queue;
    copy->tag[0] = delivery->tag[0];
    copy->tag[1] = delivery->tag[1];
    copy->lease_until = delivery->lease_until;
    copy->malformed = delivery->malformed;
    if (one->verb == FL_SETTLE_RETRY)
        fl_kafka_hold_retry(k, copy, host->unix_time(host) + (one->delay > 0 ? one->delay : 0));
    else
        fl_kafka_hold_again(k, copy);
    return 0;
}

static void finish(fl_kafka *k, fl_settlement *one)
{
    fl_kafka_part *part = fl_kafka_part_of(k, one->delivery->tag[0]);
    uint64_t offset = one->delivery->tag[1];
    fl_settle_verb verb = fl_copy_verb(one);
    if (one->status == FL_SETTLE_TO_DO && !part)
        one->status = -ESTALE;
    else if (one->status == FL_SETTLE_TO_DO && verb != FL_SETTLE_ACK)
        one->status = keep(k, part, one);
    else if (one->status == FL_SETTLE_TO_DO)
        one->status = fl_kafka_window_finish(&part->window, (int64_t)offset) ? 0 : -ESTALE;
    if (!part || one->status == -EAGAIN)
        return;
    part->running -= part->running > 0;
    if (verb != FL_SETTLE_RETRY || one->status)
        fl_key_order_end(&part->order, offset);
}

static fl_broker_rc answer(fl_broker *broker, fl_settlement *batch, unsigned count)
{
    fl_kafka *k = fl_kafka_of(broker);
    for (unsigned i = 0; i < count; i++)
        finish(k, &batch[i]);
    return k->failed ? FL_BROKER_OK : fl_kafka_commit(k); /* also without the copies */
}

const fl_transport fl_kafka_transport = {.remedy = "raise max.message.bytes of its topics",
                                         .delays = true,
                                         .is_lost = is_lost,
                                         .needs_copy = needs_copy,
                                         .answer = answer};

/* ---- Commits ---- */

/* Commits: sent without waiting for the answer, one at a time unless partitions leave. */

#define EACH (5 * FILCH_MILLISECOND)    /* the least time between two commits */
#define PAUSE (100 * FILCH_MILLISECOND) /* after one that was refused, as rebalances do */
#define LATE (100 * FILCH_MILLISECOND)  /* without an answer: the connection may be lost */
enum { STEP_MS = 20, AHEAD = 64 };

/* ---- Partitions ---- */

/* Nothing is received, or a consumer that took it over would begin at the lowest unfinished job. */
bool fl_kafka_is_committed(const fl_kafka_part *part)
{
    return part->committed < 0 || fl_kafka_window_low(&part->window) == part->committed;
}

static bool is_sent(const fl_kafka_part *part)
{
    return fl_kafka_is_committed(part) || fl_kafka_window_low(&part->window) == part->sent;
}

static size_t count_uncommitted(const fl_kafka *k)
{
    size_t count = 0;
    for (size_t i = 0; i < k->part_count; i++)
        count += !fl_kafka_is_committed(k->parts[i]);
    return count;
}

bool fl_kafka_has_unsent(const fl_kafka *k)
{
    for (size_t i = 0; i < k->part_count; i++)
        if (!is_sent(k->parts[i]) || (k->commit_error && !fl_kafka_is_committed(k->parts[i])))
            return true;
    return false;
}

static bool is_late(const fl_kafka *k)
{
    return k->commit_at == FILCH_FOREVER && filch_now() - k->commit_sent > LATE;
}

bool fl_kafka_is_held_up(const fl_kafka *k)
{
    int64_t finished = 0;
    if (!fl_kafka_is_joining(k) && !k->commit_error && !is_late(k))
        return false;
    for (size_t i = 0; i < k->part_count; i++)
        if (!fl_kafka_is_committed(k->parts[i]))
            finished += fl_kafka_window_low(&k->parts[i]->window) - k->parts[i]->committed;
    return finished >= k->config.prefetch;
}

/* ---- Answers ---- */

/* Each partition's answer is for the assignment that its opaque names. Returns the first error. */
static rd_kafka_resp_err_t note_answers(fl_kafka *k, rd_kafka_event_t *event)
{
    const rd_kafka_topic_partition_list_t *list = rd_kafka_event_topic_partition_list(event);
    rd_kafka_resp_err_t whole = rd_kafka_event_error(event), first = whole;
    for (int i = 0; list && i < list->cnt; i++) {
        fl_kafka_part *part = fl_kafka_part_of(k, (uintptr_t)list->elems[i].opaque);
        rd_kafka_resp_err_t error = whole ? whole : list->elems[i].err;
        if (!part)
            continue;
        if (!error)
            part->committed = list->elems[i].offset;
        first = first ? first : error;
    }
    return first;
}

/* Takes one answer; NULL: none has come. Errors pass, as those of rebalances do, or last for call_timeout. If
 * others have the partitions, librdkafka calls fl_kafka_rebalance, which drops them. */
static fl_broker_rc take_answer(fl_kafka *k, rd_kafka_event_t *event)
{
    if (!event)
        return FL_BROKER_OK;
    k->commit_error = note_answers(k, event);
    k->commit_at = k->commit_error ? filch_in(PAUSE) : k->commit_sent + EACH;
    k->commit_since = k->commit_error ? k->commit_since : 0;
    if (k->commit_error == RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS)
        fl_kafka_expect_join(k, k->commit_joined);
    rd_kafka_event_destroy(event);
    return fl_kafka_is_refusal(k->commit_error) ? fl_kafka_failed(k, "commit to", k->commit_error)
                                                : FL_BROKER_OK;
}

static fl_broker_rc take_answers(fl_kafka *k)
{
    rd_kafka_event_t *event;
    fl_broker_rc rc = FL_BROKER_OK;
    while (!rc && (event = rd_kafka_queue_poll(k->commits, 0)))
        rc = take_answer(k, event);
    if (rc || !k->commit_since || fl_kafka_is_joining(k) ||
        filch_now() - k->commit_since < k->config.call_timeout)
        return rc;
    return fl_kafka_failed(k, "commit to",
                           k->commit_error ? k->commit_error : RD_KAFKA_RESP_ERR__TIMED_OUT);
}

/* ---- Requests ---- */

/* is_time: all that is not committed; otherwise partitions that wait for nothing else to leave. */
static rd_kafka_topic_partition_list_t *list_finished(fl_kafka *k, bool is_time)
{
    rd_kafka_topic_partition_list_t *list = NULL;
    for (size_t i = 0; i < k->part_count; i++) {
        fl_kafka_part *part = k->parts[i];
        if (fl_kafka_is_committed(part) || (!is_time && (!part->is_leaving || is_sent(part))))
            continue;
        list = list ? list : rd_kafka_topic_partition_list_new((int)k->part_count);
        rd_kafka_topic_partition_t *one =
            rd_kafka_topic_partition_list_add(list, part->topic, part->partition);
        one->offset = part->sent = fl_kafka_window_low(&part->window);
        one->opaque = (void *)(uintptr_t)part->id;
    }
    return list;
}

fl_broker_rc fl_kafka_commit(fl_kafka *k)
{
    fl_broker_rc rc = take_answers(k);
    int64_t now = filch_now();
    rd_kafka_topic_partition_list_t *list =
        rc || fl_kafka_is_joining(k) ? NULL : list_finished(k, now >= k->commit_at);
    if (!list)
        return rc;
    k->commit_since = k->commit_since ? k->commit_since : now;
    k->commit_sent = now;
    k->commit_joined = fl_kafka_joined(k);
    k->commit_at =
        FILCH_FOREVER; /* until it is answered, which librdkafka does also for the server */
    rd_kafka_resp_err_t error = rd_kafka_commit_queue(k->consumer, list, k->commits, NULL, NULL);
    rd_kafka_topic_partition_list_destroy(list);
    return error ? fl_kafka_failed(k, "commit to", error) : FL_BROKER_OK;
}

fl_broker_rc fl_kafka_await_commits(fl_kafka *k)
{
    char text[128];
    size_t left;
    int64_t until = filch_in(k->config.call_timeout);
    fl_broker_rc rc = fl_kafka_commit(k);
    while (!rc && (left = count_uncommitted(k)) && filch_now() < until) {
        rc = take_answer(k, rd_kafka_queue_poll(k->commits, STEP_MS));
        rc = rc ? rc : fl_kafka_poll(k, AHEAD); /* a rebalance may hold the commit up */
        rc = rc ? rc : fl_kafka_commit(k);
    }
    if ((left = count_uncommitted(k))) {
        snprintf(text, sizeof text,
                 "finished jobs of %zu partitions are not committed: they run again", left);
        k->base.host->log(k->base.host, FILCH_LOG_WARN, text);
    }
    return rc;
}
