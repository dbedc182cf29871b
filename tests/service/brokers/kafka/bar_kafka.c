/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Bare loops on the topic of the broker kafka, by librdkafka: up to a hundred messages, then a commit of their
 * offsets. The group is the service's, with the same assignment of partitions. As the service, the first loop
 * commits while it takes the next messages, one commit at a time, and awaits the last one; the second loop
 * awaits each. */
#include <bench/bars/worker/brokers.h>
#include <bench/bars/worker/queue.h>
#include <tests/service/brokers/kafka/kafka.h>

#include <librdkafka/rdkafka.h>
#include <string.h>

enum { BATCH_MOST = 100, WAIT_MS = 10000 };

typedef struct bare {
    rd_kafka_t *consumer;
    rd_kafka_queue_t *messages, *commits;
    bool is_committing;
} bare;

static void check(rd_kafka_resp_err_t error, const char *call)
{
    if (error)
        worker_bare_die(call, rd_kafka_err2str(error));
}

/* ---- Connection ---- */

static void set(rd_kafka_conf_t *conf, const char *name, const char *value)
{
    char why[256];
    if (rd_kafka_conf_set(conf, name, value, why, sizeof why))
        worker_bare_die("rd_kafka_conf_set", why);
}

/* url: kafka://HOST:PORT?group=NAME, and settings of librdkafka. */
static rd_kafka_t *connect_to(const char *url)
{
    char parts[512], why[256], *rest;
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    snprintf(parts, sizeof parts, "%s", strstr(url, "://") + 3);
    set(conf, "bootstrap.servers", strtok_r(parts, "?", &rest));
    for (char *name; (name = strtok_r(NULL, "=", &rest));)
        set(conf, strcmp(name, "group") == 0 ? "group.id" : name, strtok_r(NULL, "&", &rest));
    set(conf, "enable.auto.commit", "false");
    set(conf, "auto.offset.reset", "earliest");
    set(conf, "partition.assignment.strategy", "cooperative-sticky");
    rd_kafka_t *consumer = rd_kafka_new(RD_KAFKA_CONSUMER, conf, why, sizeof why);
    if (!consumer)
        worker_bare_die("rd_kafka_new", why);
    check(rd_kafka_poll_set_consumer(consumer), "rd_kafka_poll_set_consumer");
    return consumer;
}

static void *open_bare(const char *url)
{
    static bare b;
    b = (bare){.consumer = connect_to(url)};
    b.messages = rd_kafka_queue_get_consumer(b.consumer);
    b.commits = rd_kafka_queue_new(b.consumer);
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(list, BAR_QUEUE, RD_KAFKA_PARTITION_UA);
    check(rd_kafka_subscribe(b.consumer, list), "rd_kafka_subscribe");
    rd_kafka_topic_partition_list_destroy(list);
    while (!rd_kafka_queue_length(b.messages))
        measure_sleep(0.001);
    return &b;
}

static void close_bare(void *bare_)
{
    bare *b = bare_;
    check(rd_kafka_consumer_close(b->consumer), "rd_kafka_consumer_close");
    rd_kafka_queue_destroy(b->messages);
    rd_kafka_queue_destroy(b->commits);
    rd_kafka_destroy(b->consumer);
}

/* ---- Loops ---- */

static long take(const bare *b, const worker_bare *how, long count)
{
    rd_kafka_message_t *got[BATCH_MOST];
    size_t most = count < (long)how->batch ? (size_t)count : how->batch;
    ssize_t taken = rd_kafka_consume_batch_queue(b->messages, WAIT_MS, got, most);
    if (taken <= 0)
        worker_bare_die("rd_kafka_consume_batch_queue", rd_kafka_err2str(rd_kafka_last_error()));
    for (ssize_t i = 0; i < taken; i++) {
        check(got[i]->err, "a message");
        rd_kafka_message_destroy(got[i]);
    }
    return (long)taken;
}

static void await_commit(bare *b, int wait_ms)
{
    rd_kafka_event_t *event = rd_kafka_queue_poll(b->commits, wait_ms);
    if (!event)
        return;
    check(rd_kafka_event_error(event), "rd_kafka_commit_queue");
    rd_kafka_event_destroy(event);
    b->is_committing = false;
}

/* The offsets behind the messages that were taken. */
static void commit(bare *b)
{
    check(rd_kafka_commit_queue(b->consumer, NULL, b->commits, NULL, NULL),
          "rd_kafka_commit_queue");
    b->is_committing = true;
}

static void commit_rest(const bare *b)
{
    rd_kafka_resp_err_t error = rd_kafka_commit(b->consumer, NULL, 0);
    if (error != RD_KAFKA_RESP_ERR__NO_OFFSET) /* all were committed */
        check(error, "rd_kafka_commit");
}

static void consume(void *bare_, const worker_bare *how, long count)
{
    bare *b = bare_;
    while (count > 0) {
        count -= take(b, how, count);
        if (b->is_committing)
            await_commit(b, 0);
        if (!b->is_committing)
            commit(b);
    }
    while (b->is_committing)
        await_commit(b, WAIT_MS);
    commit_rest(b);
}

static void consume_awaited(void *bare_, const worker_bare *how, long count)
{
    bare *b = bare_;
    while (count > 0) {
        count -= take(b, how, count);
        commit_rest(b);
    }
}

static const worker_bare bares[] = {
    {"commits beside messages", 100, open_bare, consume, close_bare, MEASURE_AT_LEAST, 0.8},
    {"commits awaited", 100, open_bare, consume_awaited, close_bare, MEASURE_REPORTED, 0},
    {0},
};

/* ---- Its server ---- */

/* The stand-in keeps a group waiting for a session, but a second, after a member has left, and an empty fetch
 * for its whole time. */
static const char *server_url(void)
{
    static const char *const topics[] = {BAR_QUEUE "=8", BAR_QUEUE ".retry=1", BAR_QUEUE ".dlq=1",
                                         NULL};
    if (!kafka.pid)
        kafka_start(topics);
    return kafka_url("?group=bars&session.timeout.ms=3000&heartbeat.interval.ms=500"
                     "&fetch.wait.max.ms=2&socket.nagle.disable=true");
}

/* A worker that is killed stays in its group for the time of a session. */
static const char *fleet_url(void)
{
    static const char *const topics[] = {"tasks=6", "tasks.retry=3", "tasks.dlq=1", NULL};
    if (!kafka.pid)
        kafka_start(topics);
    return kafka_url("?session.timeout.ms=6000&heartbeat.interval.ms=500&fetch.wait.max.ms=10");
}

const worker_broker worker_broker_kafka = {
    .settings =
        {
            {.name = "kafka",
             .url = server_url,
             .jobs = 50000,
             .is_durable = true,
             .bares = bares,
             .fetches_ahead = true},
        },
    .server = {.name = "kafka",
               .url = fleet_url,
               .restart = kafka_disconnect,
               .is_in_memory = true},
};
