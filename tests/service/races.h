/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A claim about brokers (<tests/service/broker.h>): consumers that race get each message once. */
#ifndef SERVICE_RACES_H
#define SERVICE_RACES_H

#include <pthread.h>
#include <stdlib.h>
#include <tests/service/broker.h>

enum { RACE_CONSUMERS = 4, RACE_MESSAGES = 1000 };
static filch_u32 race_seen[RACE_MESSAGES];

static inline void *race_drain(void *arg)
{
    bench b = *(bench *)arg;
    b.consumer = bench_open(&b, FL_BROKER_CONSUMES);
    fl_delivery *batch[16];
    fl_settlement items[16];
    /* a consumer may find all that is ready locked by others, and comes again */
    for (fl_broker_count left = {.ready = 1}; left.ready;) {
        unsigned count;
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
        if (!count)
            cr_assert_eq(b.kind->count(b.consumer, 0, &left), FL_BROKER_OK);
    }
    b.kind->close(b.consumer);
    return NULL;
}

/* The messages 1 to RACE_MESSAGES are ready in the first queue. */
static inline void consumers_race(bench *b)
{
    pthread_t threads[RACE_CONSUMERS];
    for (unsigned i = 0; i < RACE_CONSUMERS; i++)
        cr_assert_eq(pthread_create(&threads[i], NULL, race_drain, b), 0);
    for (unsigned i = 0; i < RACE_CONSUMERS; i++)
        pthread_join(threads[i], NULL);
    for (unsigned i = 0; i < RACE_MESSAGES; i++)
        cr_assert_eq(filch_u32_load(&race_seen[i], FILCH_RELAXED), 1, "%u", i);
    bench_is_empty(b);
}

static inline void racing_consumers_get_each_message_once(const tested_broker *tested)
{
    bool has_priority = tested->kind->caps.priority;
    bench b = bench_begin(tested);
    for (unsigned i = 0; i < RACE_MESSAGES; i++)
        cr_assert_eq(bench_publish(&b, (filch_message){.priority = has_priority ? i % 10 : 0}), 0);
    consumers_race(&b);
    bench_end(&b);
}

#endif
