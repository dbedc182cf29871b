/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The order in which a connection of Kafka hands out the messages that it has read, without a server. */
#include <runtime/service/brokers/kafka/kafka.h>
#include <tests/service/service.h>

static const int64_t LATER = 100 * FILCH_SECOND;

/* A connection with one queue and two partitions, 1 and 2. */
typedef struct rig {
    fl_kafka *k;
    fl_kafka_part parts[2];
    fl_kafka_part *list[2];
} rig;

static void rig_begin(rig *r, bool is_ordered)
{
    memset(r, 0, sizeof *r);
    r->k = calloc(1, sizeof *r->k + sizeof *r->k->backlog);
    cr_assert(r->k);
    r->k->base.host = &beside_host;
    r->k->config.queue_count = 1;
    r->k->options.is_ordered = is_ordered;
    for (unsigned i = 0; i < 2; i++) {
        r->parts[i].id = i + 1;
        r->list[i] = &r->parts[i];
    }
    r->k->parts = r->list;
    r->k->part_count = 2;
}

static void rig_end(rig *r)
{
    fl_kafka_drop_held(r->k, 0);
    for (unsigned i = 0; i < 2; i++)
        fl_key_order_clear(&r->parts[i].order);
    free(r->k->backlog[0].held);
    free(r->k);
}

static fl_delivery *make(unsigned part, unsigned offset, const char *key)
{
    const filch_header header = {FL_KEY_HEADER, key};
    const filch_message message = {
        .id = "i", .type = "t", .queue = "tasks", .headers = &header, .header_count = key ? 1 : 0};
    fl_delivery *one = beside_host.delivery(&beside_host, &message);
    cr_assert(one);
    one->tag[0] = part;
    one->tag[1] = offset;
    return one;
}

static void add(rig *r, unsigned part, unsigned offset, int64_t due, const char *key)
{
    cr_assert(fl_kafka_reserve(r->k, 0));
    fl_kafka_hold(r->k, make(part, offset, key), due);
}

/* The next one is this one, and runs. */
static fl_delivery *take(rig *r, unsigned part, unsigned offset)
{
    fl_delivery *one = NULL;
    cr_assert_eq(fl_kafka_take(r->k, 0, &one, 1), 1, "none instead of %u/%u", part, offset);
    cr_assert(one->tag[0] == part && one->tag[1] == offset, "%u/%u instead of %u/%u",
              (unsigned)one->tag[0], (unsigned)one->tag[1], part, offset);
    return one;
}

static void is_blocked(rig *r)
{
    fl_delivery *one = NULL;
    cr_assert_eq(fl_kafka_take(r->k, 0, &one, 1), 0);
    cr_assert_neq(fl_kafka_next_due(r->k), 0, "the owner would not sleep");
}

Test(kafka_backlog, returned_jobs_precede_younger_in_order)
{
    rig r;
    fl_delivery *returned[3];
    rig_begin(&r, false);
    for (unsigned i = 0; i < 5; i++)
        add(&r, 1, i, 0, NULL);
    for (unsigned i = 0; i < 3; i++)
        returned[i] = take(&r, 1, i);
    for (unsigned i = 0; i < 3; i++) {
        cr_assert(fl_kafka_reserve(r.k, 0));
        fl_kafka_hold_again(r.k, returned[i]);
    }
    for (unsigned i = 0; i < 5; i++)
        free(take(&r, 1, i));
    rig_end(&r);
}

Test(kafka_backlog, delayed_job_runs_despite_endless_others)
{
    rig r;
    rig_begin(&r, false);
    add(&r, 1, 0, 0, NULL);
    add(&r, 2, 0, test_clock(NULL) + LATER, NULL);
    add(&r, 1, 1, 0, NULL);
    free(take(&r, 1, 0));
    filch_u64_add(&test_time, (uint64_t)LATER, FILCH_RELAXED);
    add(&r, 1, 2, 0, NULL); /* arrives when the delayed one is due */
    free(take(&r, 1, 1));
    free(take(&r, 2, 0));
    free(take(&r, 1, 2));
    rig_end(&r);
}

Test(kafka_backlog, only_jobs_sharing_key_are_serialized)
{
    rig r;
    rig_begin(&r, true);
    add(&r, 1, 0, 0, "a");
    add(&r, 1, 1, 0, "a");
    add(&r, 1, 2, 0, "b");
    add(&r, 1, 3, 0, NULL);
    add(&r, 1, 4, 0, "a");
    free(take(&r, 1, 0));
    free(take(&r, 1, 2));
    free(take(&r, 1, 3));
    is_blocked(&r);
    fl_key_order_end(&r.parts[0].order, 0);
    free(take(&r, 1, 1));
    is_blocked(&r);
    fl_key_order_end(&r.parts[0].order, 1);
    free(take(&r, 1, 4));
    rig_end(&r);
}

Test(kafka_backlog, retry_keeps_key_until_run)
{
    rig r;
    rig_begin(&r, true);
    add(&r, 1, 0, 0, "a");
    add(&r, 1, 1, 0, "a");
    fl_delivery *first = take(&r, 1, 0);
    cr_assert(fl_kafka_reserve(r.k, 0));
    fl_kafka_hold_retry(r.k, first, test_clock(NULL) + LATER);
    is_blocked(&r);
    filch_u64_add(&test_time, (uint64_t)LATER, FILCH_RELAXED);
    free(take(&r, 1, 0));
    is_blocked(&r);
    fl_key_order_end(&r.parts[0].order, 0);
    free(take(&r, 1, 1));
    rig_end(&r);
}

Test(kafka_backlog, lost_partition_drops_its_jobs)
{
    rig r;
    rig_begin(&r, false);
    add(&r, 1, 0, 0, NULL);
    add(&r, 2, 0, 0, NULL);
    add(&r, 1, 1, test_clock(NULL) + LATER, NULL);
    cr_assert_eq(r.parts[0].held, 2);
    fl_kafka_drop_held(r.k, 1);
    cr_assert_eq(r.parts[0].held, 0);
    free(take(&r, 2, 0));
    cr_assert_eq(fl_kafka_next_due(r.k), FILCH_FOREVER);
    rig_end(&r);
}
