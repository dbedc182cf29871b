/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Broker `kafka://` and `kafka+tls://`: queues are topics of Kafka, shared by a consumer group. */
#include <runtime/service/modules.h>

#include <runtime/service/broker.h>
#include <runtime/service/brokers/kafka/kafka.h>
#include <runtime/service/brokers/kafka/url.h>
#include <runtime/service/copy.h>
#include <runtime/service/url.h>

#include <filch/wait.h>

#include <stdlib.h>
#include <string.h>

static void close_kafka(fl_broker *broker)
{
    fl_kafka *k = fl_kafka_of(broker);
    fl_kafka_disconnect(k);
    fl_url_end(&k->options.url);
    free(k);
}

/* Is it the topic of another queue's retries? */
static bool has_retries(const fl_broker_config *config, const char *name)
{
    char topic[FL_KAFKA_TOPIC];
    for (unsigned i = 0; i < config->queue_count; i++) {
        fl_kafka_topic(topic, config->queues[i], true);
        if (strcmp(topic, name) == 0)
            return true;
    }
    return false;
}

static fl_broker_rc check(const fl_broker_config *config)
{
    const fl_broker_host *host = config->host;
    fl_kafka_options options;
    rd_kafka_conf_t *conf;
    fl_broker_rc rc = fl_kafka_parse(host, config->url, &options);
    if (!rc && !(rc = fl_kafka_configure(host, &options, &conf)))
        rd_kafka_conf_destroy(conf);
    fl_url_end(&options.url);
    for (unsigned i = 0; i < config->queue_count && !rc; i++)
        if (!fl_kafka_is_topic(config->queues[i]) || has_retries(config, config->queues[i]))
            rc = host->explain(host, FL_BROKER_FATAL,
                               "queue '%s' is not a valid Kafka topic (valid: up to 200 letters, "
                               "digits, -, _ and .; not " FL_KAFKA_RETRY " of another queue)",
                               config->queues[i]);
    return rc;
}

static fl_broker_rc open_kafka(fl_broker **out, const fl_broker_config *config)
{
    const fl_broker_host *host = config->host;
    fl_broker_rc rc = check(config);
    if (rc)
        return rc;
    fl_kafka *k = calloc(1, sizeof *k + config->queue_count * sizeof *k->backlog);
    if (!k)
        return host->explain(host, FL_BROKER_LOST, "no memory for a connection; free some");
    k->base = (fl_broker){&fl_broker_kafka, host};
    k->config = *config;
    k->wake = -1;
    if (k->config.call_timeout <= 0)
        k->config.call_timeout = 10 * FILCH_SECOND;
    rc = fl_kafka_parse(host, config->url, &k->options);
    if (!rc)
        rc = config->role == FL_BROKER_PUBLISHES ? fl_kafka_open_producer(k)
                                                 : fl_kafka_open_consumer(k);
    if (rc)
        close_kafka(&k->base);
    else
        *out = &k->base;
    return rc;
}

const fl_broker_kind fl_broker_kafka = {
    .abi = FL_BROKER_ABI,
    .size = sizeof(fl_broker_kind),
    .name = "kafka",
    .schemes = FL_BROKER_SCHEMES, /* of broker.cmake */
    .url = &fl_kafka_url_kind,
    .tested = "a stand-in (preview): the mock cluster of librdkafka",
    .caps = {.durable = true, .delay = true, .counts = true, .lease_most = FILCH_FOREVER},
    .open = open_kafka,
    .close = close_kafka,
    .watch = fl_kafka_watch,
    .turn = fl_kafka_turn,
    .receive = fl_kafka_receive,
    .cease = fl_kafka_cease,
    .settle = fl_copy_settle,
    .publish = fl_kafka_publish,
    .count = fl_kafka_count,
    .check = check,
    .may_come = fl_kafka_may_come,
    .transport = &fl_kafka_transport,
};
