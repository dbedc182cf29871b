/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <filch/atomic.h>
#include <filch/log.h>
#include <filch/timer.h>
#include <filch/wait.h>
#include <runtime/service/broker.h>
#include <runtime/service/brokers/kafka/kafka.h>
#include <runtime/service/brokers/kafka/url.h>
#include <runtime/service/net/certificate.h>
#include <runtime/service/url.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define CLOSE_MOST (3 * FILCH_SECOND)
enum { STEP_MS = 20 };

bool fl_kafka_is_refusal(rd_kafka_resp_err_t error)
{
    static const rd_kafka_resp_err_t refusals[] = {RD_KAFKA_RESP_ERR__AUTHENTICATION,
                                                   RD_KAFKA_RESP_ERR__SSL,
                                                   RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED,
                                                   RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED,
                                                   RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED,
                                                   RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED,
                                                   RD_KAFKA_RESP_ERR_INCONSISTENT_GROUP_PROTOCOL};
    for (unsigned i = 0; i < sizeof refusals / sizeof *refusals; i++)
        if (error == refusals[i])
            return true;
    return false;
}

static const char *setting(rd_kafka_t *rk, const char *name, char *text, size_t size)
{
    return rd_kafka_conf_get(rd_kafka_conf(rk), name, text, &size) == RD_KAFKA_CONF_OK && *text
               ? text
               : NULL;
}

/* Is the certificate of this server refused, if librdkafka looks at it? Sets `why`. */
static bool is_distrusted(rd_kafka_t *rk, const char *where, fl_certificate *c)
{
    char verifies[8], names[16], ca[512];
    const fl_url_place at = fl_url_place_of(where, "9092");
    const char *looks =
        setting(rk, "enable.ssl.certificate.verification", verifies, sizeof verifies);
    const char *compares =
        setting(rk, "ssl.endpoint.identification.algorithm", names, sizeof names);
    *c = (fl_certificate){.host = at.host,
                          .port = at.port,
                          .authorities = setting(rk, "ssl.ca.location", ca, sizeof ca),
                          .setting = "ca=FILE",
                          .has_any_name = !compares || strcmp(compares, "https") != 0};
    return looks && strcmp(looks, "true") == 0 && fl_certificate_is_refused(c);
}

/* Of the server that librdkafka has named, else of the first one whose certificate is refused. */
static bool is_any_distrusted(const fl_kafka *k, fl_certificate *c)
{
    char where[sizeof k->distrusted];
    rd_kafka_t *rk = k->consumer ? k->consumer : k->producer;
    bool is_refused = rk && *k->distrusted && is_distrusted(rk, k->distrusted, c);
    for (const char *at = k->options.hosts; rk && *at && !is_refused;) {
        size_t length = strcspn(at, ",");
        snprintf(where, sizeof where, "%.*s", (int)length, at);
        is_refused = is_distrusted(rk, where, c);
        at += length + (at[length] == ',');
    }
    return is_refused;
}

fl_broker_rc fl_kafka_explain(fl_kafka *k, const char *doing, rd_kafka_resp_err_t error)
{
    const fl_broker_host *host = k->base.host;
    fl_certificate certificate;
    bool is_of_way = error == RD_KAFKA_RESP_ERR__SSL || error == RD_KAFKA_RESP_ERR__TRANSPORT;
    if (is_of_way && k->options.has_tls && is_any_distrusted(k, &certificate))
        return host->explain(host, FL_BROKER_REFUSED, "cannot %s Kafka: %s", doing,
                             certificate.why);
    return host->explain(host, fl_kafka_is_refusal(error) ? FL_BROKER_REFUSED : FL_BROKER_LOST,
                         "cannot %s Kafka: %s (%s)", doing, k->options.hosts,
                         rd_kafka_err2str(error));
}

fl_broker_rc fl_kafka_failed(fl_kafka *k, const char *doing, rd_kafka_resp_err_t error)
{
    k->failed = error;
    return fl_kafka_explain(k, doing, error);
}

/* ---- Reports of librdkafka ---- */

/* "ssl://HOST:PORT/ID: SSL handshake failed: ..." */
static void note_distrusted(fl_kafka *k, const char *reason)
{
    const char *where = strstr(reason, "://");
    if (where)
        snprintf(k->distrusted, sizeof k->distrusted, "%.*s", (int)strcspn(where + 3, "/"),
                 where + 3);
}

static void on_error(rd_kafka_t *rk, int error, const char *reason, void *connection)
{
    fl_kafka *k = connection;
    if (error == RD_KAFKA_RESP_ERR__SSL)
        note_distrusted(k, reason);
    if (error == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN && !k->down_since)
        k->down_since = fl_kafka_now(k);
    if (error == RD_KAFKA_RESP_ERR__AUTHENTICATION || error == RD_KAFKA_RESP_ERR__SSL ||
        error == RD_KAFKA_RESP_ERR__FATAL)
        k->failed = error == RD_KAFKA_RESP_ERR__FATAL ? rd_kafka_fatal_error(rk, NULL, 0)
                                                      : (rd_kafka_resp_err_t)error;
}

/* Any thread. */
static void on_log(const rd_kafka_t *rk, int level, const char *facility, const char *text)
{
    enum { LOG_WARNING_OF_SYSLOG = 4 };
    char line[512];
    fl_kafka *k = rd_kafka_opaque(rk);
    if (!k || level > LOG_WARNING_OF_SYSLOG)
        return;
    snprintf(line, sizeof line, "librdkafka: %s: %s", facility, text);
    k->base.host->log(k->base.host, FILCH_LOG_WARN, line);
}

/* ---- Handles ---- */

static fl_broker_rc create(fl_kafka *k, rd_kafka_type_t type, const char *const values[][2],
                           rd_kafka_t **out)
{
    char why[256], session[24] = "";
    size_t size = sizeof session;
    rd_kafka_conf_t *conf;
    fl_broker_rc rc = fl_kafka_configure(k->base.host, &k->options, &conf);
    if (rc)
        return rc;
    for (unsigned i = 0; values[i][0]; i++) {
        if (!fl_kafka_set(conf, values[i][0], values[i][1])) {
            rd_kafka_conf_destroy(conf);
            return fl_kafka_failed(k, values[i][0], RD_KAFKA_RESP_ERR__INVALID_ARG);
        }
    }
    rd_kafka_conf_set_opaque(conf, k);
    rd_kafka_conf_set_error_cb(conf, on_error);
    rd_kafka_conf_set_log_cb(conf, on_log);
    if (type == RD_KAFKA_PRODUCER)
        rd_kafka_conf_set_dr_msg_cb(conf, fl_kafka_reported);
    else
        rd_kafka_conf_set_rebalance_cb(conf, fl_kafka_rebalance);
    if (type == RD_KAFKA_CONSUMER)
        fl_kafka_watch_joins(k, conf);
    rd_kafka_conf_get(conf, "session.timeout.ms", session, &size);
    int64_t third = strtoll(session, NULL, 10) * FILCH_MILLISECOND / 3;
    k->leave_most = third < 10 * FILCH_SECOND ? third : 10 * FILCH_SECOND;
    *out = rd_kafka_new(type, conf, why, sizeof why);
    if (*out)
        return FL_BROKER_OK;
    rd_kafka_conf_destroy(conf);
    return k->base.host->explain(k->base.host, FL_BROKER_FATAL, "cannot start librdkafka: %s", why);
}

/* ---- Connections ---- */

fl_broker_rc fl_kafka_open_producer(fl_kafka *k)
{
    char timeout[24], most[24];
    snprintf(timeout, sizeof timeout, "%d", fl_kafka_call_ms(k));
    snprintf(most, sizeof most, "%zu", k->config.body_most + k->config.header_most + (1 << 20));
    const char *const values[][2] = {{"enable.idempotence", "true"},
                                     {"message.timeout.ms", timeout},
                                     {"message.max.bytes", most},
                                     {"linger.ms", "0"},
                                     {NULL, NULL}};
    fl_broker_rc rc = create(k, RD_KAFKA_PRODUCER, values, &k->producer);
    return rc || k->config.role != FL_BROKER_PUBLISHES ? rc : fl_kafka_open_topics(k, k->producer);
}

static fl_broker_rc subscribe(fl_kafka *k)
{
    char topic[FL_KAFKA_TOPIC];
    k->taken_at = filch_now();
    k->events = rd_kafka_queue_get_consumer(k->consumer);
    k->commits = rd_kafka_queue_new(k->consumer);
    k->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (k->wake < 0)
        return k->base.host->explain(k->base.host, FL_BROKER_LOST,
                                     "no descriptor for a connection; free some");
    const uint64_t one = 1;
    rd_kafka_queue_io_event_enable(k->events, k->wake, &one, sizeof one);
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(2);
    for (unsigned i = 0; i < 2 * k->config.queue_count; i++) {
        fl_kafka_topic(topic, k->config.queues[i / 2], i % 2);
        rd_kafka_topic_partition_list_add(list, topic, RD_KAFKA_PARTITION_UA);
    }
    rd_kafka_resp_err_t error = rd_kafka_subscribe(k->consumer, list);
    rd_kafka_topic_partition_list_destroy(list);
    return error ? fl_kafka_failed(k, "subscribe to", error) : FL_BROKER_OK;
}

fl_broker_rc fl_kafka_open_consumer(fl_kafka *k)
{
    const char *const values[][2] = {{"group.id", k->options.group},
                                     {"enable.auto.commit", "false"},
                                     {"enable.auto.offset.store", "false"},
                                     {"auto.offset.reset", "earliest"},
                                     {"enable.partition.eof", "true"},
                                     {"partition.assignment.strategy", "cooperative-sticky"},
                                     {"allow.auto.create.topics",
                                      k->options.creates ? "true" : "false"},
                                     {NULL, NULL}};
    fl_broker_rc rc = create(k, RD_KAFKA_CONSUMER, values, &k->consumer);
    if (!rc && k->config.role == FL_BROKER_CONSUMES)
        rd_kafka_poll_set_consumer(k->consumer);
    rc = rc ? rc : fl_kafka_open_topics(k, k->consumer);
    return rc || k->config.role != FL_BROKER_CONSUMES ? rc : subscribe(k);
}

fl_broker_rc fl_kafka_probe(fl_kafka *k)
{
    const rd_kafka_metadata_t *about;
    if (!k->down_since || fl_kafka_now(k) - k->down_since < k->config.call_timeout)
        return FL_BROKER_OK;
    rd_kafka_resp_err_t error = rd_kafka_metadata(k->consumer, 0, NULL, &about, 1000);
    if (error)
        return fl_kafka_failed(k, "reach", error);
    rd_kafka_metadata_destroy(about);
    k->down_since = 0;
    return FL_BROKER_OK;
}

/* ---- The end ---- */

static void serve_closing(fl_kafka *k, rd_kafka_event_t *event)
{
    if (!event)
        return;
    if (rd_kafka_event_type(event) == RD_KAFKA_EVENT_REBALANCE)
        fl_kafka_rebalance(k->consumer, rd_kafka_event_error(event),
                           rd_kafka_event_topic_partition_list(event), k);
    rd_kafka_event_destroy(event);
}

/* Answers rebalances that wait for this thread, after which no more begin: rd_kafka_destroy_flags never ends while an
 * assignment is unanswered (librdkafka 2.0.2: rd_kafka_cgrp_unassign leaves its join state as it is). */
static void answer_rebalances(fl_kafka *k)
{
    rd_kafka_event_t *event;
    rd_kafka_unsubscribe(k->consumer);
    while ((event = rd_kafka_queue_poll(k->events, 0)))
        serve_closing(k, event);
}

/* Leaves the group. rd_kafka_consumer_close waits forever if a commit waits for a server that is gone
 * (librdkafka's issue 3740); so does rd_kafka_destroy, without its flag. */
static void close_consumer(fl_kafka *k)
{
    int64_t until = filch_in(CLOSE_MOST);
    rd_kafka_queue_t *closing = rd_kafka_queue_new(k->consumer);
    rd_kafka_error_t *error = rd_kafka_consumer_close_queue(k->consumer, closing);
    while (!error && !rd_kafka_consumer_closed(k->consumer) && filch_now() < until)
        serve_closing(k, rd_kafka_queue_poll(closing, STEP_MS));
    rd_kafka_error_destroy(error);
    rd_kafka_queue_destroy(closing);
}

void fl_kafka_disconnect(fl_kafka *k)
{
    if (k->events) {
        k->is_ceased = true;
        if (!k->failed && !k->down_since)
            fl_kafka_await_commits(k);
        k->is_closing = true;
        fl_kafka_leave(k);
        if (k->refused)
            rd_kafka_message_destroy(k->refused);
        rd_kafka_queue_io_event_enable(k->events, -1, NULL, 0);
        answer_rebalances(k);
        if (!k->down_since)
            close_consumer(k);
        rd_kafka_queue_destroy(k->events);
        rd_kafka_queue_destroy(k->commits);
    }
    fl_kafka_drop_parts(k);
    for (unsigned i = 0; i < k->config.queue_count; i++)
        free(k->backlog[i].held);
    free(k->parts);
    if (k->consumer)
        rd_kafka_destroy_flags(k->consumer, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
    if (k->producer)
        rd_kafka_destroy(k->producer);
    if (k->wake >= 0)
        close(k->wake);
}

/* ---- Topics ---- */

/* The topics of a connection's queues: looked for, and created together where they are missing. */

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

/* ---- Joins ---- */

/* Is this member joining its group again?
 *
 * The race: another consumer comes, and the heartbeat's answer tells librdkafka to join again. The coordinator
 * keeps that JoinGroup until all members have joined, and meanwhile reads nothing more from its connection
 * (it answers the requests of a connection one by one). A commit that is sent now is read when the group has
 * its next generation, and is of an illegal one. librdkafka 2.0 takes this as exclusion from the group: all
 * partitions are lost, those that would have stayed as well, and their jobs run again. No function and no
 * callback tells that a join has begun. So interceptors of requests do: no commit is sent from a JoinGroup on
 * until the answer to SyncGroup. A member that gives partitions away joins again (KIP-429), and so does one
 * whose commit is refused for a rebalance: there the pause begins before the request. While partitions leave, no join
 * is expected: librdkafka sends it when they are given away, which waits for their commits. So those are sent again.
 * A commit that librdkafka has taken but not sent at that moment can still be late; then jobs are repeated, not
 * lost. */

/* Kafka protocol, "API Keys". */
enum { JOIN_GROUP = 11, SYNC_GROUP = 14 };
static const char name[] = "filch";

/* Both: threads of librdkafka. */
static rd_kafka_resp_err_t on_sent(rd_kafka_t *rk, int fd, const char *broker, int32_t id,
                                   int16_t api, int16_t version, int32_t number, size_t size,
                                   void *connection)
{
    fl_kafka *k = connection;
    (void)rk, (void)fd, (void)broker, (void)id, (void)version, (void)number, (void)size;
    if (api == JOIN_GROUP)
        filch_u32_store(&k->is_joining, 1, FILCH_RELAXED); /* shows nothing else */
    return RD_KAFKA_RESP_ERR_NO_ERROR;
}

static rd_kafka_resp_err_t on_answered(rd_kafka_t *rk, int fd, const char *broker, int32_t id,
                                       int16_t api, int16_t version, int32_t number, size_t size,
                                       int64_t took, rd_kafka_resp_err_t error, void *connection)
{
    fl_kafka *k = connection;
    (void)rk, (void)fd, (void)broker, (void)id, (void)version, (void)number, (void)size;
    (void)took, (void)error;
    if (api != SYNC_GROUP)
        return RD_KAFKA_RESP_ERR_NO_ERROR;
    filch_u32_add(&k->joined, 1, FILCH_RELAXED);       /* shows nothing else */
    filch_u32_store(&k->is_joining, 0, FILCH_RELAXED); /* shows nothing else */
    return RD_KAFKA_RESP_ERR_NO_ERROR;
}

static rd_kafka_resp_err_t on_new(rd_kafka_t *rk, const rd_kafka_conf_t *conf, void *connection,
                                  char *why, size_t size)
{
    (void)conf, (void)why, (void)size;
    rd_kafka_resp_err_t error =
        rd_kafka_interceptor_add_on_request_sent(rk, name, on_sent, connection);
    return error ? error
                 : rd_kafka_interceptor_add_on_response_received(rk, name, on_answered, connection);
}

void fl_kafka_watch_joins(fl_kafka *k, rd_kafka_conf_t *conf)
{
    rd_kafka_conf_interceptor_add_on_new(conf, name, on_new, k);
}

uint32_t fl_kafka_joined(const fl_kafka *k)
{
    return filch_u32_load(&k->joined, FILCH_RELAXED); /* a look */
}

void fl_kafka_expect_join(fl_kafka *k, uint32_t joined)
{
    k->joined_before = joined;
    k->join_by = filch_in(k->config.call_timeout);
}

bool fl_kafka_is_joining(const fl_kafka *k)
{
    return filch_u32_load(&k->is_joining, FILCH_RELAXED) || /* a look */
           (k->join_by && !k->leaving && fl_kafka_joined(k) == k->joined_before &&
            filch_now() < k->join_by);
}
