/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A claim about brokers (<tests/support/broker.h>): consumers that race get each message once. */
#ifndef SUPPORT_RACES_H
#define SUPPORT_RACES_H

#include <tests/support/broker.h>

enum { RACE_CONSUMERS = 4, RACE_MESSAGES = 1000 };
static filch_u32 race_seen[RACE_MESSAGES];

static inline void *race_drain(void *arg)
{
    bench b = *(bench *)arg;
    b.consumer = bench_open(&b, FL_BROKER_CONSUMES);
    fl_delivery *batch[16];
    fl_settlement items[16];
    for (unsigned count = 1; count;) {
        cr_assert_eq(b.kind->receive(b.consumer, 0, batch, 16, &count), FL_BROKER_OK);
        for (unsigned i = 0; i < count; i++) {
            filch_u32_add(&race_seen[atoi(batch[i]->message.id) - 1], 1, FILCH_RELAXED);
            items[i] = (fl_settlement){.delivery = batch[i]};
        }
        cr_assert_eq(b.kind->settle(b.consumer, items, count), FL_BROKER_OK);
        for (unsigned i = 0; i < count; i++) {
            cr_assert_eq(items[i].status, 0);
            bench_free(&b, batch[i]);
        }
    }
    b.kind->close(b.consumer);
    return NULL;
}

static inline void racing_consumers_get_each_message_once(const tested_broker *tested)
{
    bool has_priority = tested->kind->caps.priority;
    pthread_t threads[RACE_CONSUMERS];
    bench b = bench_begin(tested);
    for (unsigned i = 0; i < RACE_MESSAGES; i++)
        cr_assert_eq(bench_publish(&b, (filch_message){.priority = has_priority ? i % 10 : 0}), 0);
    for (unsigned i = 0; i < RACE_CONSUMERS; i++)
        cr_assert_eq(pthread_create(&threads[i], NULL, race_drain, &b), 0);
    for (unsigned i = 0; i < RACE_CONSUMERS; i++)
        pthread_join(threads[i], NULL);
    for (unsigned i = 0; i < RACE_MESSAGES; i++)
        cr_assert_eq(filch_u32_load(&race_seen[i], FILCH_RELAXED), 1, "%u", i);
    bench_is_empty(&b);
    bench_end(&b);
}

#endif
