/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The topics of a connection's queues: looked for, and created together where they are missing. */
#include <runtime/service/brokers/kafka/kafka.h>

#include <runtime/service/broker.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const suffixes[] = {"", FL_KAFKA_RETRY, FL_KAFKA_DEAD};
enum { SUFFIXES = sizeof suffixes / sizeof *suffixes };

static bool is_listed(const rd_kafka_metadata_t *all, const char *topic)
{
    for (int i = 0; i < all->topic_cnt; i++)
        if (strcmp(all->topics[i].topic, topic) == 0 && !all->topics[i].err)
            return true;
    return false;
}

/* A server that does not answer the admin API may create a topic when it is asked about it. */
static fl_broker_rc ask_about(fl_kafka *k, rd_kafka_t *rk, const char *topic)
{
    const rd_kafka_metadata_t *about;
    rd_kafka_topic_t *handle = rd_kafka_topic_new(rk, topic, NULL);
    rd_kafka_resp_err_t error = handle
                                    ? rd_kafka_metadata(rk, 0, handle, &about, fl_kafka_call_ms(k))
                                    : rd_kafka_last_error();
    if (!error)
        rd_kafka_metadata_destroy(about);
    if (handle)
        rd_kafka_topic_destroy(handle);
    return error ? fl_kafka_failed(k, "create topics of", error) : FL_BROKER_OK;
}

static fl_broker_rc read_results(fl_kafka *k, rd_kafka_event_t *event)
{
    size_t count = 0;
    const rd_kafka_topic_result_t **results =
        rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event), &count);
    for (size_t i = 0; i < count; i++) {
        rd_kafka_resp_err_t error = rd_kafka_topic_result_error(results[i]);
        if (error && error != RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS)
            return k->base.host->explain(
                k->base.host, FL_BROKER_REFUSED,
                "cannot create topic '%s': %s; create it, or let this login do it",
                rd_kafka_topic_result_name(results[i]), rd_kafka_err2str(error));
    }
    return FL_BROKER_OK;
}

typedef struct missing_topics {
    rd_kafka_NewTopic_t **topics;
    char (*names)[FL_KAFKA_TOPIC];
    unsigned count;
} missing_topics;

/* By one request of the admin API, with the server's numbers of partitions and replicas. */
static fl_broker_rc create_topics(fl_kafka *k, rd_kafka_t *rk, const missing_topics *missing)
{
    fl_broker_rc rc = FL_BROKER_OK;
    rd_kafka_queue_t *answers = rd_kafka_queue_new(rk);
    rd_kafka_CreateTopics(rk, missing->topics, missing->count, NULL, answers);
    rd_kafka_event_t *event = rd_kafka_queue_poll(answers, fl_kafka_call_ms(k) / 2);
    if (event && !rd_kafka_event_error(event))
        rc = read_results(k, event);
    else
        for (unsigned i = 0; i < missing->count && !rc; i++)
            rc = ask_about(k, rk, missing->names[i]);
    if (event)
        rd_kafka_event_destroy(event);
    rd_kafka_queue_destroy(answers);
    return rc;
}

static fl_broker_rc find_missing(fl_kafka *k, const rd_kafka_metadata_t *all, missing_topics *out)
{
    char why[256];
    for (unsigned i = 0; i < SUFFIXES * k->config.queue_count; i++) {
        char *name = out->names[out->count];
        snprintf(name, FL_KAFKA_TOPIC, "%s%s", k->config.queues[i / SUFFIXES],
                 suffixes[i % SUFFIXES]);
        if (is_listed(all, name))
            continue;
        if (!k->options.creates)
            return k->base.host->explain(k->base.host, FL_BROKER_REFUSED,
                                         "topic '%s' is missing; create it, or leave out create=no",
                                         name);
        out->topics[out->count++] = rd_kafka_NewTopic_new(name, -1, -1, why, sizeof why);
    }
    return FL_BROKER_OK;
}

fl_broker_rc fl_kafka_open_topics(fl_kafka *k, rd_kafka_t *rk)
{
    const rd_kafka_metadata_t *all;
    size_t most = SUFFIXES * k->config.queue_count;
    rd_kafka_resp_err_t error = rd_kafka_metadata(rk, 1, NULL, &all, fl_kafka_call_ms(k));
    if (error)
        rd_kafka_poll(rk, 0); /* tells of a login or certificate that is refused */
    if (error)
        return fl_kafka_failed(k, "reach", k->failed ? k->failed : error);
    missing_topics missing = {calloc(most, sizeof *missing.topics),
                              calloc(most, sizeof *missing.names), 0};
    fl_broker_rc rc = missing.topics && missing.names
                          ? find_missing(k, all, &missing)
                          : k->base.host->explain(k->base.host, FL_BROKER_LOST,
                                                  "no memory for names of topics; free some");
    rd_kafka_metadata_destroy(all);
    if (!rc && missing.count)
        rc = create_topics(k, rk, &missing);
    if (missing.count)
        rd_kafka_NewTopic_destroy_array(missing.topics, missing.count);
    free(missing.topics);
    free(missing.names);
    return rc;
}
