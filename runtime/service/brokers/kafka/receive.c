/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/service/brokers/kafka/kafka.h>

#include <runtime/service/broker.h>
#include <runtime/service/brokers/kafka/partitions.h>
#include <runtime/service/brokers/on_its_way.h>

#include <filch/log.h>
#include <filch/timer.h>
#include <filch/wait.h>

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

/* The longest times between two turns: for polls, and while commits or revocations are under way. */
#define POLL (500 * FILCH_MILLISECOND)
#define SOON (10 * FILCH_MILLISECOND)
enum {
    AHEAD = 64,           /* the most messages that a turn reads ahead */
    DELAYED_MOST = 10000, /* delayed messages of a partition that are kept in memory */
    WINDOW_MOST = 100000  /* offsets from the lowest unfinished one on */
};

/* ---- Backpressure ---- */

static size_t held_most(const fl_kafka *k, const fl_kafka_part *part)
{
    return part->is_retry ? DELAYED_MOST : k->config.prefetch + AHEAD;
}

static void tell_of_window(fl_kafka *k, const fl_kafka_part *part)
{
    char text[384];
    snprintf(text, sizeof text,
             "partition %d of %.250s is paused: %d messages wait behind an unfinished job",
             (int)part->partition, part->topic, WINDOW_MOST);
    k->base.host->log(k->base.host, FILCH_LOG_WARN, text);
}

/* Pauses a partition of which too much is kept here, and resumes it when half of that is gone: poll goes
 * on meanwhile, for the others and for rebalances. */
static void adjust(fl_kafka *k, fl_kafka_part *part)
{
    size_t most = held_most(k, part), window = fl_kafka_window_size(&part->window);
    bool is_done = k->is_ceased || part->is_leaving;
    bool is_full = is_done || part->held >= most || window >= WINDOW_MOST;
    bool is_low = !is_done && part->held <= most / 2 && window <= WINDOW_MOST / 2;
    if (part->is_paused ? !is_low : !is_full)
        return;
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(list, part->topic, part->partition);
    rd_kafka_resp_err_t error = part->is_paused ? rd_kafka_resume_partitions(k->consumer, list)
                                                : rd_kafka_pause_partitions(k->consumer, list);
    if (!error)
        part->is_paused = !part->is_paused;
    if (part->is_paused && window >= WINDOW_MOST)
        tell_of_window(k, part);
    rd_kafka_topic_partition_list_destroy(list);
}

/* ---- Messages ---- */

/* Is the log shorter than what was received of it? The topic was created anew, or the log was cut when a server
 * without its last messages took over: librdkafka then begins again, in the same assignment. */
static bool is_cut(fl_kafka *k, const fl_kafka_part *part)
{
    int64_t low, high;
    return rd_kafka_get_watermark_offsets(k->consumer, part->topic, part->partition, &low, &high) ==
               RD_KAFKA_RESP_ERR_NO_ERROR &&
           high >= 0 && high < part->window.next;
}

/* false: no memory. */
static bool accept_message(fl_kafka *k, const rd_kafka_message_t *raw)
{
    int64_t due;
    fl_kafka_part *part = fl_kafka_part_named(k, rd_kafka_topic_name(raw->rkt), raw->partition);
    if (!part || part->is_leaving || k->is_ceased)
        return true;
    if (raw->offset < part->window.next) {
        if (!is_cut(k, part))
            return true;
        fl_kafka_begin_anew(k, part);
    }
    fl_delivery *one =
        fl_kafka_reserve(k, part->queue) ? fl_kafka_read(k, raw, part->queue, &due) : NULL;
    if (!one)
        return false;
    if (fl_kafka_window_add(&part->window, raw->offset)) {
        k->base.host->drop(k->base.host, one);
        return false;
    }
    one->tag[0] = part->id;
    part->is_at_end = false;
    k->taken_at = filch_now();
    part->committed = part->committed < 0 ? raw->offset : part->committed;
    fl_kafka_hold(k, one, due);
    return true;
}

static void note_end(fl_kafka *k, const rd_kafka_message_t *raw)
{
    fl_kafka_part *part = fl_kafka_part_named(k, rd_kafka_topic_name(raw->rkt), raw->partition);
    if (part)
        part->is_at_end = true;
}

/* Until each of its partitions was read to the end, and a moment more for messages behind an end that is
 * known from earlier. A group that has just been joined may have none for seconds, or others may have them
 * all. */
bool fl_kafka_may_come(fl_broker *broker, int64_t since)
{
    const fl_kafka *k = fl_kafka_of(broker);
    bool is_at_end = k->part_count || fl_kafka_joined(k);
    for (size_t i = 0; i < k->part_count; i++)
        is_at_end &= k->parts[i]->is_at_end || k->parts[i]->is_paused;
    if (!k->events || k->failed)
        return false;
    return is_at_end
               ? fl_is_on_its_way(since, since)
               : filch_now() < (k->taken_at > since ? k->taken_at : since) + k->config.call_timeout;
}

/* Errors after which no job comes, or after which librdkafka skips messages that it cannot read. */
static bool ends_connection(rd_kafka_resp_err_t error)
{
    static const rd_kafka_resp_err_t ends[] = {RD_KAFKA_RESP_ERR__MAX_POLL_EXCEEDED,
                                               RD_KAFKA_RESP_ERR__FATAL, RD_KAFKA_RESP_ERR__BAD_MSG,
                                               RD_KAFKA_RESP_ERR__BAD_COMPRESSION,
                                               RD_KAFKA_RESP_ERR__NOT_IMPLEMENTED};
    for (unsigned i = 0; i < sizeof ends / sizeof *ends; i++)
        if (error == ends[i])
            return true;
    return fl_kafka_is_refusal(error);
}

static void note_error(fl_kafka *k, const rd_kafka_message_t *raw)
{
    char text[384];
    if (raw->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
        note_end(k, raw);
    } else if (ends_connection(raw->err)) {
        k->failed = raw->err;
    } else if (raw->err != k->noted) {
        k->noted = raw->err;
        snprintf(text, sizeof text, "librdkafka: %s", rd_kafka_message_errstr(raw));
        k->base.host->log(k->base.host, FILCH_LOG_WARN, text);
    }
}

/* A message for which there is no memory is the next one again. Meanwhile nothing is polled, so its
 * partition stays. */
static rd_kafka_message_t *next_message(fl_kafka *k)
{
    rd_kafka_message_t *raw = k->refused ? k->refused : rd_kafka_consumer_poll(k->consumer, 0);
    k->refused = NULL;
    if (!raw)
        return NULL;
    if (raw->err)
        note_error(k, raw);
    if (raw->err || accept_message(k, raw))
        return raw;
    k->refused = raw;
    return NULL;
}

fl_broker_rc fl_kafka_poll(fl_kafka *k, unsigned most)
{
    uint64_t signals;
    rd_kafka_message_t *raw;
    (void)!read(k->wake, &signals, sizeof signals);
    k->polled_at = fl_kafka_now(k);
    k->has_more = false;
    for (unsigned i = 0; i < most && !k->failed && (raw = next_message(k)); i++) {
        rd_kafka_message_destroy(raw);
        k->has_more = i + 1 == most;
    }
    for (size_t i = 0; i < k->part_count; i++)
        adjust(k, k->parts[i]);
    return k->failed ? fl_kafka_failed(k, "receive from", k->failed) : FL_BROKER_OK;
}

fl_broker_rc fl_kafka_receive(fl_broker *broker, unsigned queue, fl_delivery **out, unsigned most,
                              unsigned *count)
{
    fl_kafka *k = fl_kafka_of(broker);
    *count = 0;
    if (k->is_ceased)
        return FL_BROKER_OK;
    if (fl_kafka_is_held_up(k))
        return fl_kafka_poll(k, AHEAD);
    *count = fl_kafka_take(k, queue, out, most);
    if (*count == most)
        return FL_BROKER_OK;
    fl_broker_rc rc = fl_kafka_poll(k, most - *count);
    if (!rc)
        *count += fl_kafka_take(k, queue, out + *count, most - *count);
    return rc;
}

fl_broker_rc fl_kafka_cease(fl_broker *broker)
{
    fl_kafka *k = fl_kafka_of(broker);
    k->is_ceased = true;
    fl_broker_rc passed = fl_kafka_pass_on(k);
    fl_kafka_drop_held(k, 0);
    fl_broker_rc rc = k->events && !k->failed ? fl_kafka_await_commits(k) : FL_BROKER_OK;
    return passed ? passed : rc;
}

/* ---- Waiting ---- */

unsigned fl_kafka_watch(fl_broker *broker, bool wants, struct pollfd *fds, unsigned room,
                        int64_t *until)
{
    fl_kafka *k = fl_kafka_of(broker);
    if (!k->events)
        return 0;
    int64_t at = k->polled_at + POLL;
    if (k->leaving || fl_kafka_has_unsent(k)) {
        int64_t soon = fl_kafka_now(k) + SOON;
        at = soon < at ? soon : at;
    }
    if (wants && !k->is_ceased && !fl_kafka_is_held_up(k)) {
        int64_t due = fl_kafka_next_due(k);
        at = k->has_more ? 0 : due < at ? due : at;
    }
    *until = at < *until ? at : *until;
    if (!wants || !room)
        return 0;
    fds[0] = (struct pollfd){.fd = k->wake, .events = POLLIN};
    return 1;
}

fl_broker_rc fl_kafka_turn(fl_broker *broker)
{
    fl_kafka *k = fl_kafka_of(broker);
    fl_broker_rc rc = FL_BROKER_OK;
    if (!k->events)
        return rc;
    if (fl_kafka_now(k) - k->polled_at >= POLL || k->leaving || k->is_ceased)
        rc = fl_kafka_poll(k, AHEAD);
    rc = rc ? rc : fl_kafka_probe(k);
    if (!rc && !k->is_ceased)
        rc = fl_kafka_pass_on(k);
    rc = rc ? rc : fl_kafka_commit(k);
    fl_kafka_leave(k);
    return rc;
}
