/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/service/brokers/kafka/kafka.h>

#include <runtime/service/broker.h>
#include <runtime/service/key_order.h>

#include <filch/wait.h>

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
