/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Claims about brokers that settle and receive in one call; others pass. */
#ifndef SUPPORT_BROKER_EXCHANGE_H
#define SUPPORT_BROKER_EXCHANGE_H

#include <criterion/criterion.h>
#include <errno.h>
#include <tests/support/broker_bench.h>

enum { EXCHANGED = 4, EXCHANGE_MOST = 10 };

/* Receives EXCHANGED of the messages, and settles the first one, so that it cannot be settled again. */
static inline void exchange_begin(bench *b, fl_settlement items[EXCHANGED],
                                  const fl_settle_verb verbs[EXCHANGED])
{
    fl_delivery *held[EXCHANGED];
    unsigned count;
    cr_assert_eq(b->kind->receive(b->consumer, 0, held, EXCHANGED, &count), FL_BROKER_OK);
    cr_assert_eq(count, EXCHANGED);
    for (unsigned i = 0; i < EXCHANGED; i++)
        items[i] =
            (fl_settlement){.delivery = held[i], .verb = verbs[i], .attempt = 2, .status = -EAGAIN};
    cr_assert_eq(b->kind->settle(b->consumer, items, 1), FL_BROKER_OK);
}

/* The first is stale, the others are settled, and the messages that are ready then have come. */
static inline void exchange_is_right(bench *b, fl_settlement items[EXCHANGED], unsigned expected)
{
    fl_delivery *next[EXCHANGE_MOST];
    unsigned count = EXCHANGE_MOST;
    cr_assert_eq(b->kind->exchange(b->consumer, items, EXCHANGED, 0, next, EXCHANGE_MOST, &count),
                 FL_BROKER_OK);
    for (unsigned i = 0; i < EXCHANGED; i++) {
        cr_assert_eq(items[i].status, i ? 0 : -ESTALE, "%u: %d", i, items[i].status);
        bench_free(b, items[i].delivery);
    }
    cr_assert_eq(count, expected);
    for (unsigned i = 0; i < count; i++)
        bench_ack(b, next[i]);
    bench_is_empty(b);
}

static inline void acknowledgements_bring_the_next_messages(const tested_broker *tested)
{
    static const fl_settle_verb acks[EXCHANGED] = {FL_SETTLE_ACK, FL_SETTLE_ACK, FL_SETTLE_ACK,
                                                   FL_SETTLE_ACK};
    fl_settlement items[EXCHANGED];
    bench b = bench_begin(tested);
    for (unsigned i = 0; i < EXCHANGED + 3 && b.kind->exchange; i++)
        cr_assert_eq(bench_publish(&b, (filch_message){0}), 0);
    if (b.kind->exchange) {
        exchange_begin(&b, items, acks);
        exchange_is_right(&b, items, 3);
    }
    bench_end(&b);
}

static inline void other_answers_bring_the_next_messages(const tested_broker *tested)
{
    static const fl_settle_verb verbs[EXCHANGED] = {FL_SETTLE_ACK, FL_SETTLE_RETRY,
                                                    FL_SETTLE_RETURN, FL_SETTLE_ACK};
    fl_settlement items[EXCHANGED];
    bench b = bench_begin(tested);
    for (unsigned i = 0; i < EXCHANGED + 3 && b.kind->exchange; i++)
        cr_assert_eq(bench_publish(&b, (filch_message){0}), 0);
    if (b.kind->exchange) {
        exchange_begin(&b, items, verbs);
        exchange_is_right(&b, items, 5); /* with those that are ready again */
    }
    bench_end(&b);
}

#endif
