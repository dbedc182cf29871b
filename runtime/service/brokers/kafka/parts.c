/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The partitions of a connection: assigned and revoked. */
#include <runtime/service/brokers/kafka/kafka.h>

#include <runtime/service/broker.h>
#include <runtime/service/brokers/kafka/window.h>
#include <runtime/service/key_order.h>

#include <filch/log.h>
#include <filch/wait.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

fl_kafka_part *fl_kafka_part_of(fl_kafka *k, uint64_t id)
{
    for (size_t i = 0; i < k->part_count; i++)
        if (k->parts[i]->id == id)
            return k->parts[i];
    return NULL;
}

fl_kafka_part *fl_kafka_part_named(fl_kafka *k, const char *topic, int32_t partition)
{
    for (size_t i = 0; i < k->part_count; i++)
        if (k->parts[i]->partition == partition && strcmp(k->parts[i]->topic, topic) == 0)
            return k->parts[i];
    return NULL;
}

/* ---- Assignment ---- */

static bool find_queue(const fl_kafka *k, const char *topic, fl_kafka_part *part)
{
    for (unsigned queue = 0; queue < k->config.queue_count; queue++) {
        size_t length = strlen(k->config.queues[queue]);
        bool begins = strncmp(topic, k->config.queues[queue], length) == 0;
        part->queue = queue;
        part->is_retry = begins && strcmp(topic + length, FL_KAFKA_RETRY) == 0;
        if (part->is_retry || (begins && !topic[length]))
            return true;
    }
    return false;
}

static bool add_part(fl_kafka *k, const rd_kafka_topic_partition_t *assigned)
{
    fl_kafka_part **larger = realloc(k->parts, (k->part_count + 1) * sizeof *larger);
    if (!larger)
        return false;
    k->parts = larger;
    fl_kafka_part *part = calloc(1, sizeof *part);
    if (!part || !find_queue(k, assigned->topic, part)) {
        free(part);
        return false;
    }
    part->id = ++k->last_id;
    part->partition = assigned->partition;
    part->committed = part->sent = -1;
    /* librdkafka keeps the pause of an earlier assignment: the next poll ends it. */
    part->is_paused = true;
    snprintf(part->topic, sizeof part->topic, "%s", assigned->topic);
    k->parts[k->part_count++] = part;
    return true;
}

static void drop_part(fl_kafka *k, fl_kafka_part *part)
{
    fl_kafka_drop_held(k, part->id);
    fl_kafka_window_end(&part->window);
    fl_key_order_clear(&part->order);
    for (size_t i = 0; i < k->part_count; i++)
        if (k->parts[i] == part)
            k->parts[i] = k->parts[--k->part_count];
    free(part);
}

void fl_kafka_begin_anew(fl_kafka *k, fl_kafka_part *part)
{
    char text[384];
    snprintf(text, sizeof text,
             "partition %d of %.250s is shorter than before; it is read from its beginning",
             (int)part->partition, part->topic);
    k->base.host->log(k->base.host, FILCH_LOG_ERROR, text);
    fl_kafka_drop_held(k, part->id);
    fl_kafka_window_end(&part->window);
    fl_key_order_clear(&part->order);
    part->window = (fl_kafka_window){0};
    part->id = ++k->last_id;
    part->committed = part->sent = -1;
    part->running = 0;
}

void fl_kafka_drop_parts(fl_kafka *k)
{
    while (k->part_count)
        drop_part(k, k->parts[k->part_count - 1]);
}

/* ---- Rebalances ---- */

/* Has it jobs that run, or have finished without a commit? They run again elsewhere. */
static bool is_unfinished(const fl_kafka_part *part)
{
    return part->running || !fl_kafka_is_committed(part);
}

static void tell_of_repetition(const fl_kafka *k, const fl_kafka_part *part)
{
    char text[384];
    snprintf(text, sizeof text,
             "partition %d of %.250s is given away before all of its jobs are committed: they run "
             "again elsewhere",
             (int)part->partition, part->topic);
    k->base.host->log(k->base.host, FILCH_LOG_WARN, text);
}

static void give_away(fl_kafka *k, const rd_kafka_topic_partition_list_t *list)
{
    for (int i = 0; i < list->cnt; i++) {
        fl_kafka_part *part =
            fl_kafka_part_named(k, list->elems[i].topic, list->elems[i].partition);
        if (!part)
            continue;
        if (!k->is_closing && is_unfinished(part))
            tell_of_repetition(k, part);
        drop_part(k, part);
    }
    fl_kafka_expect_join(k, fl_kafka_joined(k));
    rd_kafka_error_t *error = rd_kafka_incremental_unassign(k->consumer, list);
    if (error && !k->failed)
        k->failed = rd_kafka_error_code(error);
    rd_kafka_error_destroy(error);
}

static void begin_leaving(fl_kafka *k, const rd_kafka_topic_partition_list_t *list)
{
    for (int i = 0; i < list->cnt; i++) {
        fl_kafka_part *part =
            fl_kafka_part_named(k, list->elems[i].topic, list->elems[i].partition);
        if (!part)
            continue;
        part->is_leaving = true;
        fl_kafka_drop_held(k, part->id);
    }
    k->leaving = rd_kafka_topic_partition_list_copy(list);
    k->leave_by = fl_kafka_now(k) + k->leave_most;
}

static bool is_busy(const fl_kafka *k)
{
    for (size_t i = 0; i < k->part_count; i++)
        if (k->parts[i]->is_leaving && is_unfinished(k->parts[i]))
            return true;
    return false;
}

void fl_kafka_leave(fl_kafka *k)
{
    if (!k->leaving || (!k->is_closing && is_busy(k) && fl_kafka_now(k) < k->leave_by &&
                        !rd_kafka_assignment_lost(k->consumer)))
        return;
    rd_kafka_topic_partition_list_t *list = k->leaving;
    k->leaving = NULL;
    give_away(k, list);
    rd_kafka_topic_partition_list_destroy(list);
}

/* Called by rd_kafka_consumer_poll, and at the end of the connection. */
void fl_kafka_rebalance(rd_kafka_t *rk, rd_kafka_resp_err_t what,
                        rd_kafka_topic_partition_list_t *list, void *connection)
{
    fl_kafka *k = connection;
    k->commit_at = k->commit_since = 0; /* the group has another generation */
    if (what == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS) {
        for (int i = 0; i < list->cnt; i++)
            if (!add_part(k, &list->elems[i]) && !k->failed)
                k->failed = RD_KAFKA_RESP_ERR__FAIL;
        rd_kafka_error_t *error = rd_kafka_incremental_assign(rk, list);
        if (error && !k->failed)
            k->failed = rd_kafka_error_code(error);
        rd_kafka_error_destroy(error);
    } else if (k->is_closing || rd_kafka_assignment_lost(rk)) {
        give_away(k, list);
    } else {
        begin_leaving(k, list);
    }
}
