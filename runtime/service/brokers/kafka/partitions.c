/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/service/brokers/kafka/partitions.h>

#include <filch/log.h>
#include <filch/wait.h>
#include <runtime/service/broker.h>
#include <runtime/service/brokers/kafka/kafka.h>
#include <runtime/service/key_order.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int64_t offset_of(int64_t stored)
{
    return stored < 0 ? -(stored + 1) : stored;
}

/* Moves what is left to the front, or into a larger array if that would free less than half. */
static bool make_room(fl_kafka_window *window)
{
    size_t left = window->end - window->first;
    if (window->first && left <= window->room / 2) {
        memmove(window->offsets, window->offsets + window->first, left * sizeof *window->offsets);
    } else {
        size_t room = window->room ? 2 * window->room : 64;
        int64_t *larger = malloc(room * sizeof *larger);
        if (!larger)
            return false;
        if (left)
            memcpy(larger, window->offsets + window->first, left * sizeof *larger);
        free(window->offsets);
        window->offsets = larger;
        window->room = room;
    }
    window->first = 0;
    window->end = left;
    return true;
}

int fl_kafka_window_add(fl_kafka_window *window, int64_t offset)
{
    if (offset < window->next)
        return -EEXIST;
    if (window->end == window->room && !make_room(window))
        return -ENOMEM;
    window->offsets[window->end++] = offset;
    window->next = offset + 1;
    return 0;
}

bool fl_kafka_window_finish(fl_kafka_window *window, int64_t offset)
{
    size_t low = window->first, high = window->end;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (offset_of(window->offsets[middle]) < offset)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == window->end || window->offsets[low] != offset)
        return false;
    window->offsets[low] = -offset - 1;
    while (window->first < window->end && window->offsets[window->first] < 0)
        window->first++;
    return true;
}

int64_t fl_kafka_window_low(const fl_kafka_window *window)
{
    return window->first < window->end ? window->offsets[window->first] : window->next;
}

size_t fl_kafka_window_size(const fl_kafka_window *window)
{
    return window->end - window->first;
}

void fl_kafka_window_end(fl_kafka_window *window)
{
    free(window->offsets);
    *window = (fl_kafka_window){0};
}

/* ---- Partitions ---- */

/* The partitions of a connection: assigned and revoked. */

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
             "partition %d of %.250s was reassigned before all of its jobs were committed: they "
             "run again elsewhere",
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

/* ---- Delays ---- */

/* Delayed jobs keep back the offset of their partition: those behind them run first, and would run again
 * after a stop or a rebalance. So delayed jobs that keep back many go to the end of their topic once more, as
 * copies with the same time; then their own offsets are finished. A copy is confirmed first, so none is lost. */

/* And twice as many as there are delayed ones: each finished job pays for half a copy. */
enum { KEPT_BACK = 100 };

/* Finished offsets above an unfinished one. */
static size_t kept_back(const fl_kafka_part *part)
{
    size_t all = fl_kafka_window_size(&part->window), unfinished = part->held + part->running;
    return all > unfinished ? all - unfinished : 0;
}

static bool is_delayed(const fl_kafka_part *part, const fl_kafka_held *one)
{
    return one->delivery->tag[0] == part->id && !one->has_key && !one->delivery->malformed;
}

static void drop_copied(fl_kafka *k, fl_kafka_part *part, fl_kafka_backlog *backlog,
                        const int *status)
{
    size_t kept = backlog->ready, copied = 0;
    for (size_t i = backlog->ready; i < backlog->count; i++) {
        fl_kafka_held one = backlog->held[i];
        if (!is_delayed(part, &one) || status[copied++]) {
            backlog->held[kept++] = one;
            continue;
        }
        fl_kafka_window_finish(&part->window, (int64_t)one.delivery->tag[1]);
        part->held--;
        k->base.host->drop(k->base.host, one.delivery);
    }
    backlog->count = kept;
}

static fl_broker_rc pass_on(fl_kafka *k, fl_kafka_part *part)
{
    fl_kafka_backlog *backlog = &k->backlog[part->queue];
    fl_broker_rc rc = k->producer ? FL_BROKER_OK : fl_kafka_open_producer(k);
    int *status = rc ? NULL : calloc(part->held + 1, sizeof *status);
    size_t copies = 0;
    if (!status)
        return rc; /* without memory it is tried again */
    for (size_t i = backlog->ready; i < backlog->count; i++) {
        const fl_kafka_held *one = &backlog->held[i];
        if (is_delayed(part, one))
            fl_kafka_send(k, &one->delivery->message, part->topic, one->due, &status[copies++]);
    }
    rc = fl_kafka_confirm(k);
    drop_copied(k, part, backlog, status);
    free(status);
    return rc;
}

fl_broker_rc fl_kafka_pass_on(fl_kafka *k)
{
    fl_broker_rc rc = FL_BROKER_OK;
    for (size_t i = 0; i < k->part_count && !rc; i++) {
        fl_kafka_part *part = k->parts[i];
        size_t enough = k->is_ceased ? 0 : KEPT_BACK + 2 * part->held;
        if (part->is_retry && !part->is_leaving && part->held && kept_back(part) > enough)
            rc = pass_on(k, part);
    }
    return rc;
}
