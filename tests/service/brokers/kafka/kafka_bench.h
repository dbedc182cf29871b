/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The bench of the claims about brokers (broker_bench.h), with Kafka on it. The service's clock passes by
 * steps, so that a test that stands still exceeds no limit. */
#ifndef SERVICE_KAFKA_BENCH_H
#define SERVICE_KAFKA_BENCH_H

#include <runtime/service/brokers/kafka/kafka.h>
#include <tests/service/broker.h>
#include <tests/service/brokers/kafka/kafka.h>
#include <tests/service/explained.h>
#include <time.h>

#define KAFKA_BENCH "?session.timeout.ms=6000&heartbeat.interval.ms=500&fetch.wait.max.ms=20"

static inline void step(void)
{
    const struct timespec moment = {0, FILCH_MILLISECOND};
    nanosleep(&moment, NULL);
    filch_u64_add(&test_time, FILCH_MILLISECOND, FILCH_RELAXED);
}

static inline bench begin(const char *options)
{
    static const char *const topics[] = {"tasks=1",           "tasks.retry=1",   "tasks.dlq=1",
                                         "second=1",          "second.retry=1",  "second.dlq=1",
                                         "tasks.dlq.retry=1", "tasks.dlq.dlq=1", NULL};
    kafka_start(topics);
    bench b = {.kind = &fl_broker_kafka, .url = kafka_url(options)};
    b.publisher = bench_open(&b, FL_BROKER_PUBLISHES);
    b.admin = bench_open(&b, FL_BROKER_ADMINISTERS);
    return b;
}

static inline void end(bench *b)
{
    b->kind->close(b->publisher);
    b->kind->close(b->admin);
}

/* With limits of tried_call_timeout. */
static inline fl_broker *consumer_of(bench *b)
{
    fl_broker *consumer = NULL;
    cr_assert_eq(try_to_open_as(b->kind, b->url, FL_BROKER_CONSUMES, &consumer), FL_BROKER_OK, "%s",
                 explained);
    return consumer;
}

static inline fl_delivery *next_of(bench *b, fl_broker *consumer)
{
    fl_delivery *one;
    while (!(one = bench_receive_by(b, consumer, 0)))
        step();
    return one;
}

static inline uint64_t left(bench *b)
{
    fl_broker_count count;
    cr_assert_eq(b->kind->count(b->admin, 0, &count), FL_BROKER_OK);
    return fl_broker_count_unfinished(&count);
}

#endif
