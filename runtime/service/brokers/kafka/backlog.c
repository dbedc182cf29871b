/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <filch/wait.h>
#include <runtime/service/broker.h>
#include <runtime/service/brokers/kafka/kafka.h>
#include <runtime/service/key_order.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool fl_kafka_reserve(fl_kafka *k, unsigned queue)
{
    fl_kafka_backlog *backlog = &k->backlog[queue];
    if (backlog->count < backlog->room)
        return true;
    size_t room = backlog->room ? 2 * backlog->room : 64;
    fl_kafka_held *larger = realloc(backlog->held, room * sizeof *larger);
    if (!larger)
        return false;
    backlog->held = larger;
    backlog->room = room;
    return true;
}

/* Those whose time has come are ready behind those that already were. */
static void ripen(fl_kafka *k, fl_kafka_backlog *backlog)
{
    int64_t now = k->base.host->unix_time(k->base.host);
    while (backlog->ready < backlog->count && backlog->held[backlog->ready].due <= now)
        backlog->ready++;
}

static void insert(fl_kafka *k, fl_kafka_backlog *backlog, size_t at, fl_kafka_held one)
{
    fl_kafka_part *part = fl_kafka_part_of(k, one.delivery->tag[0]);
    memmove(backlog->held + at + 1, backlog->held + at,
            (backlog->count - at) * sizeof *backlog->held);
    backlog->held[at] = one;
    backlog->count++;
    part->held++;
}

static void hold(fl_kafka *k, fl_kafka_held one)
{
    fl_kafka_backlog *backlog = &k->backlog[one.delivery->queue];
    size_t at = backlog->count;
    ripen(k, backlog);
    while (at > backlog->ready && backlog->held[at - 1].due > one.due)
        at--;
    insert(k, backlog, at, one);
    ripen(k, backlog);
}

void fl_kafka_hold(fl_kafka *k, fl_delivery *delivery, int64_t due)
{
    hold(k, (fl_kafka_held){delivery, due, false});
}

void fl_kafka_hold_retry(fl_kafka *k, fl_delivery *delivery, int64_t due)
{
    hold(k, (fl_kafka_held){delivery, due, true});
}

void fl_kafka_hold_again(fl_kafka *k, fl_delivery *delivery)
{
    fl_kafka_backlog *backlog = &k->backlog[delivery->queue];
    size_t at = 0;
    for (size_t i = 0; i < backlog->ready; i++) {
        const fl_delivery *other = backlog->held[i].delivery;
        if (other->tag[0] == delivery->tag[0] && other->tag[1] < delivery->tag[1])
            at = i + 1;
    }
    insert(k, backlog, at, (fl_kafka_held){delivery, 0, false});
    backlog->ready++;
}

/* ---- Order ---- */

const char *fl_kafka_key(const fl_kafka *k, const filch_message *message)
{
    return k->options.is_ordered ? fl_key_order_key(message) : NULL;
}

/* Those of a partition that is gone have been dropped. */
static bool is_free(fl_kafka *k, const fl_kafka_held *one)
{
    const char *key = fl_kafka_key(k, &one->delivery->message);
    return !key || one->has_key ||
           !fl_key_order_is_busy(&fl_kafka_part_of(k, one->delivery->tag[0])->order, key, 0);
}

static bool begin(fl_kafka *k, const fl_kafka_held *one)
{
    const fl_delivery *delivery = one->delivery;
    const char *key = fl_kafka_key(k, &delivery->message);
    return !key || one->has_key ||
           fl_key_order_begin(&fl_kafka_part_of(k, delivery->tag[0])->order, key, delivery->tag[1],
                              FILCH_FOREVER);
}

unsigned fl_kafka_take(fl_kafka *k, unsigned queue, fl_delivery **out, unsigned most)
{
    fl_kafka_backlog *backlog = &k->backlog[queue];
    unsigned count = 0;
    size_t kept = 0, at = 0;
    ripen(k, backlog);
    for (; at < backlog->ready && count < most; at++) {
        fl_kafka_held one = backlog->held[at];
        if (!is_free(k, &one)) {
            backlog->held[kept++] = one;
            continue;
        }
        if (!begin(k, &one)) /* no memory: the next of its key may not overtake it */
            break;
        fl_kafka_part *part = fl_kafka_part_of(k, one.delivery->tag[0]);
        part->held--;
        part->running++;
        out[count++] = one.delivery;
    }
    if (count)
        memmove(backlog->held + kept, backlog->held + at,
                (backlog->count - at) * sizeof *backlog->held);
    backlog->ready -= count;
    backlog->count -= count;
    return count;
}

/* ---- The rest ---- */

void fl_kafka_drop_held(fl_kafka *k, uint64_t part)
{
    for (unsigned queue = 0; queue < k->config.queue_count; queue++) {
        fl_kafka_backlog *backlog = &k->backlog[queue];
        size_t kept = 0, ready = 0;
        for (size_t i = 0; i < backlog->count; i++) {
            fl_kafka_held one = backlog->held[i];
            fl_kafka_part *of = fl_kafka_part_of(k, one.delivery->tag[0]);
            if (part && one.delivery->tag[0] != part) {
                backlog->held[kept++] = one;
                ready += i < backlog->ready;
                continue;
            }
            if (of)
                of->held--;
            k->base.host->drop(k->base.host, one.delivery);
        }
        backlog->count = kept;
        backlog->ready = ready;
    }
}

static int64_t next_of(fl_kafka *k, fl_kafka_backlog *backlog)
{
    ripen(k, backlog);
    for (size_t i = 0; i < backlog->ready; i++)
        if (is_free(k, &backlog->held[i]))
            return 0;
    return backlog->ready < backlog->count ? backlog->held[backlog->ready].due : FILCH_FOREVER;
}

int64_t fl_kafka_next_due(fl_kafka *k)
{
    int64_t least = FILCH_FOREVER;
    for (unsigned queue = 0; queue < k->config.queue_count; queue++) {
        int64_t due = next_of(k, &k->backlog[queue]);
        least = due < least ? due : least;
    }
    if (least == FILCH_FOREVER)
        return least;
    int64_t left = least - k->base.host->unix_time(k->base.host);
    return left > 0 ? fl_kafka_now(k) + left : 0;
}

/* ---- Counts ---- */

/* Counts: the distance of the group's committed offsets from the ends of the partitions. Running jobs,
 * delayed ones and those that are finished above the committed offset are in it. */

/* The list of a topic's partitions. NULL: the topic does not exist, or *error. */
static rd_kafka_topic_partition_list_t *partitions_of(fl_kafka *k, const char *topic, int timeout,
                                                      rd_kafka_resp_err_t *error)
{
    const rd_kafka_metadata_t *about;
    rd_kafka_topic_partition_list_t *list = NULL;
    rd_kafka_topic_t *handle = rd_kafka_topic_new(k->consumer, topic, NULL);
    *error =
        handle ? rd_kafka_metadata(k->consumer, 0, handle, &about, timeout) : rd_kafka_last_error();
    if (!*error) {
        if (about->topic_cnt == 1 && about->topics[0].partition_cnt > 0) {
            list = rd_kafka_topic_partition_list_new(about->topics[0].partition_cnt);
            rd_kafka_topic_partition_list_add_range(list, topic, 0,
                                                    about->topics[0].partition_cnt - 1);
        }
        rd_kafka_metadata_destroy(about);
    }
    if (handle)
        rd_kafka_topic_destroy(handle);
    return list;
}

static rd_kafka_resp_err_t count_topic(fl_kafka *k, const char *topic, uint64_t *sum)
{
    int timeout = fl_kafka_call_ms(k);
    rd_kafka_resp_err_t error;
    rd_kafka_topic_partition_list_t *list = partitions_of(k, topic, timeout, &error);
    if (!list)
        return error;
    error = rd_kafka_committed(k->consumer, list, timeout);
    for (int i = 0; i < list->cnt && !error; i++) {
        int64_t low = 0, high = 0, from = list->elems[i].offset;
        error = rd_kafka_query_watermark_offsets(k->consumer, topic, list->elems[i].partition, &low,
                                                 &high, timeout);
        from = from < low ? low : from; /* nothing is committed, or it has been deleted */
        *sum += high > from ? (uint64_t)(high - from) : 0;
    }
    rd_kafka_topic_partition_list_destroy(list);
    return error;
}

fl_broker_rc fl_kafka_count(fl_broker *broker, unsigned queue, fl_broker_count *out)
{
    fl_kafka *k = fl_kafka_of(broker);
    char topic[FL_KAFKA_TOPIC];
    rd_kafka_resp_err_t error = RD_KAFKA_RESP_ERR_NO_ERROR;
    *out = (fl_broker_count){.delayed = FL_BROKER_UNKNOWN,
                             .leased = FL_BROKER_UNKNOWN,
                             .oldest = FL_BROKER_UNKNOWN};
    for (unsigned i = 0; i < 2 && !error; i++) {
        fl_kafka_topic(topic, k->config.queues[queue], i);
        error = count_topic(k, topic, &out->ready);
    }
    snprintf(topic, sizeof topic, "%s" FL_KAFKA_DEAD, k->config.queues[queue]);
    error = error ? error : count_topic(k, topic, &out->dead);
    return error ? fl_kafka_failed(k, "count the messages of", error) : FL_BROKER_OK;
}
