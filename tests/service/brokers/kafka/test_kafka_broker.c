/* SPDX-License-Identifier: MIT OR Apache-2.0
 * test: jobs 16; long; timeout 600 (it waits for its groups, three seconds each time with the stand-in)
 *
 * The broker `kafka://` conforms to the interface; its partitions move between consumers without loss. */
#include <runtime/service/brokers/kafka/kafka.h>
#include <tests/service/broker.h>
#include <tests/service/brokers/kafka/kafka.h>
#include <tests/service/real_clock.h>

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
#define LONGEST (5 * FILCH_SECOND)
enum { CALL_MS = 1000 };

/* Where the next message of a partition would be: behind the last one that was taken. */
static int64_t next_offset(const fl_kafka *k, const fl_kafka_part *part, int64_t low)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_t *one =
        rd_kafka_topic_partition_list_add(list, part->topic, part->partition);
    cr_assert_eq(rd_kafka_position(k->consumer, list), RD_KAFKA_RESP_ERR_NO_ERROR);
    if (one->offset < 0)
        rd_kafka_committed(k->consumer, list, CALL_MS);
    int64_t offset = one->offset < 0 ? low : one->offset;
    rd_kafka_topic_partition_list_destroy(list);
    return offset;
}

/* Has the server messages that have not arrived? */
static bool is_behind(const fl_kafka *k)
{
    int64_t low, high;
    for (size_t i = 0; i < k->part_count; i++) {
        const fl_kafka_part *part = k->parts[i];
        if (!part->is_paused &&
            !rd_kafka_query_watermark_offsets(k->consumer, part->topic, part->partition, &low,
                                              &high, CALL_MS) &&
            next_offset(k, part, low) < high)
            return true;
    }
    return false;
}

/* A claim that nothing is left is believed after MOMENT, or after LONGEST where messages of the server do not
 * arrive. */
static fl_broker_rc receive_soon(fl_broker *broker, unsigned queue, fl_delivery **out,
                                 unsigned most, unsigned *count)
{
    const struct timespec step = {0, FILCH_MILLISECOND};
    const int64_t end = real_time() + MOMENT, last = real_time() + LONGEST;
    unsigned got = 0;
    fl_broker_rc rc = FL_BROKER_OK;
    while (!rc && got < most &&
           (real_time() < end || (is_behind(fl_kafka_of(broker)) && real_time() < last))) {
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

static void publish_foreign(bench *b)
{
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    cr_assert_eq(rd_kafka_conf_set(conf, "bootstrap.servers", kafka.host, NULL, 0),
                 RD_KAFKA_CONF_OK);
    rd_kafka_t *other = rd_kafka_new(RD_KAFKA_PRODUCER, conf, NULL, 0);
    cr_assert_not_null(other);
    cr_assert_eq(rd_kafka_producev(other, RD_KAFKA_V_TOPIC("tasks"),
                                   RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
                                   RD_KAFKA_V_VALUE((void *)(uintptr_t)FOREIGN_BODY,
                                                    strlen(FOREIGN_BODY)),
                                   RD_KAFKA_V_END),
                 RD_KAFKA_RESP_ERR_NO_ERROR);
    cr_assert_eq(rd_kafka_flush(other, 10000), RD_KAFKA_RESP_ERR_NO_ERROR);
    rd_kafka_destroy(other);
}

static fl_broker_kind kind;
static const tested_broker tested = {.kind = &kind,
                                     .fresh_url = fresh_url,
                                     .pass = pass_time,
                                     .second = 100 * FILCH_MILLISECOND,
                                     .merges_counts = true,
                                     .merges_leases = true,
                                     .publish_foreign = publish_foreign};

static __attribute__((constructor)) void make_kind(void)
{
    kind = fl_broker_kafka;
    kind.open = open_now;
    kind.receive = receive_soon;
    kind.settle = settle_now;
}

BROKER_CONFORMS(kafka_broker, tested)
