/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Claims about brokers: for administrators. */
#ifndef SERVICE_BROKER_ADMIN_H
#define SERVICE_BROKER_ADMIN_H

#include <tests/service/broker_bench.h>

static inline void messages_are_counted_and_peeked(const tested_broker *tested)
{
    fl_delivery *all[8];
    fl_broker_count count;
    unsigned peeked;
    bench b = bench_begin(tested);
    for (unsigned i = 0; i < 4; i++)
        cr_assert_eq(bench_publish(&b, (filch_message){.delay = i == 3 ? bench_second(tested) : 0}),
                     0);
    bench_settle(&b, (fl_settlement){.delivery = bench_receive(&b), .verb = FL_SETTLE_DEAD});
    fl_delivery *one = bench_receive(&b);
    if (tested->kind->caps.counts) {
        cr_assert_eq(b.kind->count(b.admin, 0, &count), FL_BROKER_OK);
        cr_assert_eq(count.leased, tested->merges_leases ? FL_BROKER_UNKNOWN : 1);
        cr_assert_eq(count.dead, 1);
        cr_assert_eq(count.ready, 1U + tested->merges_counts + tested->merges_leases);
        cr_assert_eq(count.delayed, tested->merges_counts ? FL_BROKER_UNKNOWN : 1);
        cr_assert_eq(fl_broker_count_unfinished(&count), 3);
    }
    if (tested->kind->caps.peek) {
        cr_assert_eq(b.kind->peek(b.admin, 0, all, 8, &peeked), FL_BROKER_OK);
        cr_assert_eq(peeked, 2);
        for (unsigned i = 0; i < peeked; i++) {
            cr_assert_eq(atoi(all[i]->message.id), (int)i + 3);
            free(all[i]);
        }
        cr_assert_eq(b.kind->peek(b.admin, 0, all, 1, &peeked), FL_BROKER_OK);
        cr_assert_eq(peeked, 1);
        free(all[0]);
    }
    bench_ack(&b, one);
    bench_next_is(&b, "3");
    bench_end(&b);
}

/* A reader of dead letters may die, and no other reader may ever come. */
static inline void leased_dead_letters_are_counted(const tested_broker *tested)
{
    fl_broker_count count;
    if (!tested->kind->caps.counts || !tested->kind->caps.keeps_leases)
        return;
    bench b = bench_begin(tested);
    for (unsigned i = 0; i < 2; i++) {
        cr_assert_eq(bench_publish(&b, (filch_message){0}), 0);
        bench_settle(&b, (fl_settlement){.delivery = bench_receive(&b), .verb = FL_SETTLE_DEAD});
    }
    fl_delivery *one = bench_receive_by(&b, b.consumer, 1);
    cr_assert_eq(b.kind->count(b.admin, 0, &count), FL_BROKER_OK);
    cr_assert_eq(count.dead, 2, "one is leased");
    tested->pass(31 * bench_second(tested));
    cr_assert_eq(b.kind->count(b.admin, 0, &count), FL_BROKER_OK);
    cr_assert_eq(count.dead, 2, "its lease is over");
    if (!tested->second) {
        cr_assert_eq(b.kind->count(b.admin, 1, &count), FL_BROKER_OK);
        cr_assert(count.ready == 2 && count.leased == 0);
    }
    bench_free(&b, one);
    for (unsigned i = 0; i < 2; i++)
        bench_ack(&b, bench_receive_by(&b, b.consumer, 1));
    cr_assert_eq(b.kind->count(b.admin, 0, &count), FL_BROKER_OK);
    cr_assert_eq(count.dead, 0);
    bench_end(&b);
}

static inline void the_oldest_ready_message_is_told(const tested_broker *tested)
{
    const int64_t second = bench_second(tested);
    fl_broker_count count;
    if (!tested->kind->caps.counts)
        return;
    bench b = bench_begin(tested);
    cr_assert_eq(b.kind->count(b.admin, 0, &count), FL_BROKER_OK);
    cr_assert(count.oldest == 0 || count.oldest == FL_BROKER_UNKNOWN);
    if (count.oldest == FL_BROKER_UNKNOWN) {
        bench_end(&b);
        return;
    }
    cr_assert_eq(bench_publish(&b, (filch_message){.priority = 1}), 0);
    tested->pass(second);
    cr_assert_eq(bench_publish(&b, (filch_message){0}), 0);
    cr_assert_eq(b.kind->count(b.admin, 0, &count), FL_BROKER_OK);
    uint64_t oldest = count.oldest;
    cr_assert(oldest >= (uint64_t)second, "%lu ns", (unsigned long)oldest);
    bench_ack(&b, bench_receive(&b));
    fl_delivery *last = bench_receive(&b);
    cr_assert_eq(b.kind->count(b.admin, 0, &count), FL_BROKER_OK);
    cr_assert_eq(count.oldest, 0, "none is ready");
    bench_settle(&b, (fl_settlement){.delivery = last, .verb = FL_SETTLE_RETURN});
    tested->pass(second);
    cr_assert_eq(b.kind->count(b.admin, 0, &count), FL_BROKER_OK);
    cr_assert_gt(count.oldest, 0, "a returned message waits as well");
    bench_ack(&b, bench_receive(&b));
    bench_end(&b);
}

static inline void idle_connections_change_no_leases(const tested_broker *tested)
{
    static const fl_broker_role roles[] = {FL_BROKER_ADMINISTERS, FL_BROKER_PUBLISHES};
    if (!tested->kind->caps.keeps_leases)
        return;
    bench b = bench_begin(tested), longer = b;
    longer.lease = 300 * bench_second(tested);
    cr_assert_eq(bench_publish(&b, (filch_message){0}), 0);
    fl_delivery *one = bench_receive(&b);
    for (unsigned i = 0; i < sizeof roles / sizeof *roles; i++) {
        fl_broker_count count;
        fl_broker *other = bench_open(&longer, roles[i]);
        if (roles[i] == FL_BROKER_ADMINISTERS && b.kind->caps.counts)
            cr_assert_eq(b.kind->count(other, 0, &count), FL_BROKER_OK);
        b.kind->close(other);
    }
    tested->pass(31 * bench_second(tested));
    fl_delivery *again = bench_receive(&b);
    cr_assert_not_null(again, "the lease that the consumer asked for is over");
    bench_free(&b, one);
    bench_ack(&b, again);
    bench_end(&b);
}

static inline void a_waiting_message_is_cancelled(const tested_broker *tested)
{
    bool found;
    if (!tested->kind->caps.cancel)
        return;
    bench b = bench_begin(tested);
    for (unsigned i = 0; i < 3; i++)
        cr_assert_eq(bench_publish(&b, (filch_message){.delay = i == 1 ? bench_second(tested) : 0}),
                     0);
    fl_delivery *one = bench_receive(&b);
    static const bool expected[] = {false, true, true, false};
    for (unsigned i = 0; i < 4; i++) {
        char id[4];
        snprintf(id, sizeof id, "%u", i + 1);
        cr_assert_eq(b.kind->cancel(b.admin, id, &found), FL_BROKER_OK);
        cr_assert_eq(found, expected[i], "%s", id);
    }
    bench_ack(&b, one);
    tested->pass(bench_second(tested));
    bench_is_empty(&b);
    bench_end(&b);
}

static inline void counts_pauses(const bench *b, bool queue, bool types)
{
    fl_broker_count count;
    cr_assert_eq(b->kind->count(b->admin, 0, &count), FL_BROKER_OK);
    cr_assert_eq(count.paused, queue);
    cr_assert_eq(count.paused_types, types);
}

static inline void paused_queue_or_type_delivers_nothing(const tested_broker *tested)
{
    if (!tested->kind->caps.pause)
        return;
    bench b = bench_begin(tested);
    counts_pauses(&b, false, false);
    cr_assert_eq(b.kind->pause(b.admin, 0, "a", true), FL_BROKER_OK);
    cr_assert_eq(b.kind->pause(b.admin, 0, "a", true), FL_BROKER_OK);
    cr_assert_eq(bench_publish(&b, (filch_message){.type = "a"}), 0);
    cr_assert_eq(bench_publish(&b, (filch_message){.type = "b"}), 0);
    cr_assert_eq(bench_publish(&b, (filch_message){.type = "b"}), 0);
    bench_next_is(&b, "2");
    counts_pauses(&b, false, true);
    cr_assert_eq(b.kind->pause(b.admin, 0, NULL, true), FL_BROKER_OK);
    bench_is_empty(&b);
    counts_pauses(&b, true, true);
    cr_assert_eq(b.kind->pause(b.admin, 0, NULL, false), FL_BROKER_OK);
    bench_next_is(&b, "3");
    bench_is_empty(&b);
    cr_assert_eq(b.kind->pause(b.admin, 0, "a", false), FL_BROKER_OK);
    bench_next_is(&b, "1");
    counts_pauses(&b, false, false);
    bench_end(&b);
}

#endif
