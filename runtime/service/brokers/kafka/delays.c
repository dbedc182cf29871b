/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Delayed jobs keep back the offset of their partition: those behind them run first, and would run again
 * after a stop or a rebalance. So delayed jobs that keep back many go to the end of their topic once more, as
 * copies with the same time; then their own offsets are finished. A copy is confirmed first, so none is lost. */
#include <runtime/service/brokers/kafka/kafka.h>

#include <runtime/service/broker.h>
#include <runtime/service/brokers/kafka/window.h>

#include <stdlib.h>

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
