/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Claims about brokers that settle and receive in one call; others pass. */
#ifndef SERVICE_BROKER_EXCHANGE_H
#define SERVICE_BROKER_EXCHANGE_H

#include <tests/service/broker_bench.h>
#include <tests/support/test.h>

enum { EXCHANGED = 4, EXCHANGED_AFTER = 3, EXCHANGE_MOST = 10 };

/* A batch whose first delivery is another consumer's, who took it over. */
typedef struct exchanged {
    fl_settlement items[EXCHANGED];
    fl_broker *other;
    fl_delivery *taken;
} exchanged;

static inline void exchange_begin(bench *b, exchanged *e, const fl_settle_verb verbs[EXCHANGED])
{
    fl_delivery *held[EXCHANGED];
    unsigned count;
    const int64_t second = bench_second(b->tested);
    for (unsigned i = 0; i < EXCHANGED; i++)
        cr_assert_eq(bench_publish(b, (filch_message){0}), 0);
    cr_assert_eq(b->kind->receive(b->consumer, 0, held, EXCHANGED, &count), FL_BROKER_OK);
    cr_assert_eq(count, EXCHANGED);
    for (unsigned i = 0; i < EXCHANGED; i++)
        e->items[i] =
            (fl_settlement){.delivery = held[i], .verb = verbs[i], .attempt = 2, .status = -EAGAIN};
    cr_assert_eq(b->kind->extend(b->consumer, held + 1, EXCHANGED - 1, 90 * second), FL_BROKER_OK);
    b->tested->pass(31 * second);
    e->other = bench_open(b, FL_BROKER_CONSUMES);
    e->taken = bench_receive_by(b, e->other, 0);
    cr_assert(e->taken && strcmp(e->taken->message.id, held[0]->message.id) == 0);
    for (unsigned i = 0; i < EXCHANGED_AFTER; i++)
        cr_assert_eq(bench_publish(b, (filch_message){0}), 0);
}

/* The first is stale, the others are settled, and the messages that are ready then have come. */
static inline void exchange_is_right(bench *b, exchanged *e, unsigned expected)
{
    fl_delivery *next[EXCHANGE_MOST];
    unsigned count = EXCHANGE_MOST;
    fl_settlement *items = e->items, last = {.delivery = e->taken, .verb = FL_SETTLE_ACK};
    cr_assert_eq(b->kind->exchange(b->consumer, items, EXCHANGED, 0, next, EXCHANGE_MOST, &count),
                 FL_BROKER_OK);
    for (unsigned i = 0; i < EXCHANGED; i++) {
        cr_assert_eq(items[i].status, i ? 0 : -ESTALE, "%u: %d", i, items[i].status);
        bench_free(b, items[i].delivery);
    }
    cr_assert_eq(count, expected);
    for (unsigned i = 0; i < count; i++)
        bench_ack(b, next[i]);
    cr_assert_eq(bench_settle_by(b, e->other, last), 0);
    bench_free(b, e->taken);
    b->kind->close(e->other);
    bench_is_empty(b);
}

/* expected: messages that the exchange brings. */
static inline void exchange_brings(const tested_broker *tested,
                                   const fl_settle_verb verbs[EXCHANGED], unsigned expected)
{
    exchanged e;
    if (!tested->kind->exchange)
        return;
    bench b = bench_begin(tested);
    exchange_begin(&b, &e, verbs);
    exchange_is_right(&b, &e, expected);
    bench_end(&b);
}

static inline void acknowledgements_bring_the_next_messages(const tested_broker *tested)
{
    static const fl_settle_verb acks[EXCHANGED] = {FL_SETTLE_ACK, FL_SETTLE_ACK, FL_SETTLE_ACK,
                                                   FL_SETTLE_ACK};
    exchange_brings(tested, acks, EXCHANGED_AFTER);
}

static inline void other_answers_bring_the_next_messages(const tested_broker *tested)
{
    static const fl_settle_verb verbs[EXCHANGED] = {FL_SETTLE_ACK, FL_SETTLE_RETRY,
                                                    FL_SETTLE_RETURN, FL_SETTLE_ACK};
    exchange_brings(tested, verbs, EXCHANGED_AFTER + 2); /* with those that are ready again */
}

#endif
