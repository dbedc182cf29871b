/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Claims about brokers: cancel of leased messages. */
#ifndef SERVICE_BROKER_STOPS_H
#define SERVICE_BROKER_STOPS_H

#include <tests/service/broker_bench.h>

static inline bool bench_stop(bench *b, const char *id)
{
    bool found;
    cr_assert_eq(b->kind->stop(b->admin, id, &found), FL_BROKER_OK);
    return found;
}

static inline bool bench_is_stopped(bench *b, fl_broker *consumer, fl_delivery *one)
{
    bool stopped;
    cr_assert_eq(b->kind->stopped(consumer, &one, 1, &stopped), FL_BROKER_OK);
    return stopped;
}

static inline void only_leased_message_is_stopped(const tested_broker *tested)
{
    bool stopped[2];
    fl_delivery *two[2];
    if (!tested->kind->caps.stop)
        return;
    bench b = bench_begin(tested);
    for (unsigned i = 0; i < 3; i++)
        cr_assert_eq(bench_publish(&b, (filch_message){.priority = i == 1}), 0);
    for (unsigned i = 0; i < 2; i++)
        two[i] = bench_receive(&b);
    cr_assert_eq(b.kind->stopped(b.consumer, two, 2, stopped), FL_BROKER_OK);
    cr_assert(!stopped[0] && !stopped[1]);
    cr_assert(!bench_stop(&b, "3"), "it waits");
    cr_assert(!bench_stop(&b, "4"), "there is none");
    cr_assert(bench_stop(&b, "1"));
    cr_assert(bench_stop(&b, "1"), "twice");
    cr_assert_eq(b.kind->stopped(b.consumer, two, 2, stopped), FL_BROKER_OK);
    cr_assert(!stopped[0] && stopped[1], "2 came first");
    bench_ack(&b, two[1]);
    cr_assert(!bench_stop(&b, "1"), "it is done");
    cr_assert(!bench_is_stopped(&b, b.consumer, two[0]));
    bench_ack(&b, two[0]);
    bench_next_is(&b, "3");
    bench_end(&b);
}

/* Looks as often as a service does, or only when the second message is there. */
static inline void stop_spares_next_message_with_id(const tested_broker *tested)
{
    if (!tested->kind->caps.stop)
        return;
    bench b = bench_begin(tested);
    for (unsigned looks = 0; looks < 2; looks++) {
        cr_assert_eq(bench_publish(&b, (filch_message){.id = "x"}), 0);
        fl_delivery *one = bench_receive(&b);
        cr_assert(!bench_is_stopped(&b, b.consumer, one));
        cr_assert(bench_stop(&b, "x"));
        cr_assert(!looks || bench_is_stopped(&b, b.consumer, one));
        bench_ack(&b, one);
        tested->pass(bench_second(tested));
        cr_assert_eq(bench_publish(&b, (filch_message){.id = "x"}), 0);
        one = bench_receive(&b);
        cr_assert(!bench_is_stopped(&b, b.consumer, one));
        bench_ack(&b, one);
    }
    bench_end(&b);
}

static inline void stop_follows_message_until_dead(const tested_broker *tested)
{
    if (!tested->kind->caps.stop)
        return;
    bench b = bench_begin(tested);
    fl_broker *other = bench_open(&b, FL_BROKER_CONSUMES);
    cr_assert_eq(bench_publish(&b, (filch_message){0}), 0);
    fl_delivery *one = bench_receive(&b);
    cr_assert(bench_stop(&b, "1"));
    bench_settle(&b, (fl_settlement){.delivery = one,
                                     .verb = FL_SETTLE_RETRY,
                                     .attempt = 2,
                                     .delay = bench_second(tested)});
    cr_assert(!bench_stop(&b, "1"), "it waits");
    tested->pass(bench_second(tested));
    one = bench_receive(&b);
    cr_assert(bench_is_stopped(&b, b.consumer, one), "retried");
    bench_settle(&b, (fl_settlement){.delivery = one, .verb = FL_SETTLE_RETURN});
    one = bench_receive(&b);
    cr_assert(bench_is_stopped(&b, b.consumer, one), "returned");
    tested->pass(31 * bench_second(tested));
    cr_assert(!bench_stop(&b, "1"), "its lease is over");
    fl_delivery *again = bench_receive_by(&b, other, 0);
    cr_assert(bench_is_stopped(&b, other, again), "lost");
    bench_free(&b, one);
    cr_assert_eq(bench_settle_by(&b, other,
                                 (fl_settlement){.delivery = again, .verb = FL_SETTLE_DEAD}),
                 0);
    bench_free(&b, again);
    one = bench_receive_by(&b, b.consumer, 1);
    cr_assert(!bench_is_stopped(&b, b.consumer, one), "dead");
    bench_ack(&b, one);
    b.kind->close(other);
    bench_end(&b);
}

#endif
