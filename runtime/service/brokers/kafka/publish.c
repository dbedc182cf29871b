/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Publishing, and the copies of retries and dead letters: sent as a batch, then confirmed together. The
 * producer is idempotent, so what librdkafka sends again is stored once and in order. */
#include <runtime/service/brokers/kafka/kafka.h>

#include <runtime/service/broker.h>
#include <runtime/service/brokers/kafka/url.h>
#include <runtime/service/key_order.h>

#include <filch/wait.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* The time for librdkafka to report what was purged; no server is asked. */
enum { PURGE_MS = 5000 };

void fl_kafka_topic(char topic[FL_KAFKA_TOPIC], const char *queue, bool is_delayed)
{
    snprintf(topic, FL_KAFKA_TOPIC, "%s%s", queue, is_delayed ? FL_KAFKA_RETRY : "");
}

/* The status of a message with this report. */
static int status_of(rd_kafka_resp_err_t error)
{
    switch (error) {
    case RD_KAFKA_RESP_ERR_NO_ERROR:
        return 0;
    case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
    case RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE:
        return -EMSGSIZE;
    default:
        return -EAGAIN;
    }
}

void fl_kafka_reported(rd_kafka_t *rk, const rd_kafka_message_t *message, void *connection)
{
    fl_kafka *k = connection;
    int *status = message->_private;
    (void)rk;
    *status = status_of(message->err);
    if (*status == -EAGAIN && !k->unconfirmed)
        k->unconfirmed = message->err;
}

void fl_kafka_send(fl_kafka *k, const filch_message *message, const char *topic, int64_t due,
                   int *status)
{
    const char *key = fl_key_order_key(message);
    *status = -EAGAIN;
    rd_kafka_headers_t *headers = fl_kafka_write_headers(message, due);
    if (!headers) {
        k->unconfirmed = RD_KAFKA_RESP_ERR__QUEUE_FULL;
        return;
    }
    for (;;) {
        rd_kafka_resp_err_t error = rd_kafka_producev(
            k->producer, RD_KAFKA_V_TOPIC(topic), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
            RD_KAFKA_V_KEY(key, key ? strlen(key) : 0),
            RD_KAFKA_V_VALUE((void *)(uintptr_t)message->body, message->body_size),
            RD_KAFKA_V_HEADERS(headers), RD_KAFKA_V_OPAQUE(status), RD_KAFKA_V_END);
        if (!error)
            return;
        bool is_full = error == RD_KAFKA_RESP_ERR__QUEUE_FULL,
             is_alone = !rd_kafka_outq_len(k->producer);
        if (!is_full || is_alone || fl_kafka_confirm(k)) {
            rd_kafka_headers_destroy(headers);
            *status = is_full && is_alone ? -EMSGSIZE : status_of(error);
            k->unconfirmed = *status == -EAGAIN && !k->unconfirmed ? error : k->unconfirmed;
            return;
        }
    }
}

fl_broker_rc fl_kafka_confirm(fl_kafka *k)
{
    rd_kafka_flush(k->producer, fl_kafka_call_ms(k));
    if (rd_kafka_outq_len(
            k->producer)) { /* statuses are of the caller: none may be written later */
        rd_kafka_purge(k->producer, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
        rd_kafka_flush(k->producer, PURGE_MS);
    }
    rd_kafka_resp_err_t error = k->failed ? k->failed : k->unconfirmed;
    return error ? fl_kafka_explain(k, "publish to", error) : FL_BROKER_OK;
}

/* Retries, too, even those that wait for no time: they do not queue behind new messages. */
static bool is_delayed(const fl_publication *one)
{
    return one->message->delay > 0 ||
           (one->copy_of && strcmp(one->message->queue, one->copy_of->message.queue) == 0);
}

static bool is_supported(const fl_kafka *k, const fl_publication *one)
{
    const filch_message *message = one->message;
    bool loses_place = !one->copy_of && message->delay > 0 && fl_kafka_key(k, message);
    return !message->priority && !message->dedup && fl_kafka_is_topic(message->queue) &&
           !loses_place;
}

fl_broker_rc fl_kafka_publish(fl_broker *broker, fl_publication *batch, unsigned count)
{
    fl_kafka *k = fl_kafka_of(broker);
    int64_t now = broker->host->unix_time(broker->host);
    fl_broker_rc rc = k->producer ? FL_BROKER_OK : fl_kafka_open_producer(k);
    for (unsigned i = 0; i < count; i++) {
        char topic[FL_KAFKA_TOPIC];
        bool waits = is_delayed(&batch[i]);
        batch[i].status = rc ? -EAGAIN : -ENOTSUP;
        if (rc || !is_supported(k, &batch[i]))
            continue;
        fl_kafka_topic(topic, batch[i].message->queue, waits);
        fl_kafka_send(k, batch[i].message, topic, waits ? now + batch[i].message->delay : 0,
                      &batch[i].status);
    }
    return rc ? rc : fl_kafka_confirm(k);
}
