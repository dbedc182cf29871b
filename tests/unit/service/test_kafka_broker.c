/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The broker `kafka://` conforms to the interface; its partitions move between consumers without loss. */
#include <runtime/service/brokers/kafka.h>
#include <tests/support/broker.h>
#include <tests/support/kafka.h>
#include <tests/support/real_clock.h>

/* One partition each: claims expect an order. */
static const char *const topics[] = {"tasks=1",
                                     "tasks.retry=1",
                                     "tasks.dlq=1",
                                     "tasks.dlq.retry=1",
                                     "tasks.dlq.dlq=1",
                                     "tasks.dlq.dlq.retry=1",
                                     "tasks.dlq.dlq.dlq=1",
                                     "second=1",
                                     "second.retry=1",
                                     "second.dlq=1",
                                     NULL};

static const char *fresh_url(void)
{
    kafka_start(topics);
    return kafka_url("?session.timeout.ms=6000&heartbeat.interval.ms=500&fetch.wait.max.ms=20");
}

static void pass_time(int64_t ns)
{
    pass_real(ns, 0);
}

/* A claim begins when the group has given the consumer all partitions. */
static fl_broker_rc open_now(fl_broker **out, const fl_broker_config *config)
{
    fl_broker_rc rc = fl_broker_kafka.open(out, config);
    set_clock(test_clock(NULL));
    while (!rc && config->role == FL_BROKER_CONSUMES &&
           fl_kafka_of(*out)->part_count < 2 * config->queue_count) {
        pass_time(FILCH_MILLISECOND);
        cr_assert_eq(fl_broker_kafka.turn(*out), FL_BROKER_OK);
    }
    return rc;
}

/* ---- Receiving: a message takes a moment to arrive ---- */

#define MOMENT (300 * FILCH_MILLISECOND)

/* A claim that nothing is left is believed after MOMENT. */
static fl_broker_rc receive_soon(fl_broker *broker, unsigned queue, fl_delivery **out,
                                 unsigned most, unsigned *count)
{
    const struct timespec step = {0, FILCH_MILLISECOND};
    int64_t end = real_time() + MOMENT;
    unsigned got = 0;
    fl_broker_rc rc = FL_BROKER_OK;
    while (!rc && got < most && real_time() < end) {
        rc = fl_broker_kafka.receive(broker, queue, out + got, most - got, count);
        got += *count;
        if (got < most)
            nanosleep(&step, NULL);
    }
    *count = got;
    return rc;
}

/* Other connections count what has been committed. */
static fl_broker_rc settle_now(fl_broker *broker, fl_settlement *batch, unsigned count)
{
    fl_broker_rc rc = fl_broker_kafka.settle(broker, batch, count);
    return rc ? rc : fl_kafka_await_commits(fl_kafka_of(broker));
}

static fl_broker_kind kind;
static const tested_broker tested = {.kind = &kind,
                                     .fresh_url = fresh_url,
                                     .pass = pass_time,
                                     .second = 50 * FILCH_MILLISECOND,
                                     .merges_counts = true,
                                     .merges_leases = true};

static __attribute__((constructor)) void make_kind(void)
{
    kind = fl_broker_kafka;
    kind.open = open_now;
    kind.receive = receive_soon;
    kind.settle = settle_now;
}

BROKER_CONFORMS(kafka_broker, tested)
