/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Counts: the distance of the group's committed offsets from the ends of the partitions. Running jobs,
 * delayed ones and those that are finished above the committed offset are in it. */
#include <runtime/service/brokers/kafka/kafka.h>

#include <runtime/service/broker.h>

#include <filch/wait.h>

#include <stdio.h>

/* The list of a topic's partitions. NULL: the topic does not exist, or *error. */
static rd_kafka_topic_partition_list_t *partitions_of(fl_kafka *k, const char *topic, int timeout,
                                                      rd_kafka_resp_err_t *error)
{
    const rd_kafka_metadata_t *about;
    rd_kafka_topic_partition_list_t *list = NULL;
    rd_kafka_topic_t *handle = rd_kafka_topic_new(k->consumer, topic, NULL);
    *error =
        handle ? rd_kafka_metadata(k->consumer, 0, handle, &about, timeout) : rd_kafka_last_error();
    if (!*error) {
        if (about->topic_cnt == 1 && about->topics[0].partition_cnt > 0) {
            list = rd_kafka_topic_partition_list_new(about->topics[0].partition_cnt);
            rd_kafka_topic_partition_list_add_range(list, topic, 0,
                                                    about->topics[0].partition_cnt - 1);
        }
        rd_kafka_metadata_destroy(about);
    }
    if (handle)
        rd_kafka_topic_destroy(handle);
    return list;
}

static rd_kafka_resp_err_t count_topic(fl_kafka *k, const char *topic, uint64_t *sum)
{
    int timeout = fl_kafka_call_ms(k);
    rd_kafka_resp_err_t error;
    rd_kafka_topic_partition_list_t *list = partitions_of(k, topic, timeout, &error);
    if (!list)
        return error;
    error = rd_kafka_committed(k->consumer, list, timeout);
    for (int i = 0; i < list->cnt && !error; i++) {
        int64_t low = 0, high = 0, from = list->elems[i].offset;
        error = rd_kafka_query_watermark_offsets(k->consumer, topic, list->elems[i].partition, &low,
                                                 &high, timeout);
        from = from < low ? low : from; /* nothing is committed, or it has been deleted */
        *sum += high > from ? (uint64_t)(high - from) : 0;
    }
    rd_kafka_topic_partition_list_destroy(list);
    return error;
}

fl_broker_rc fl_kafka_count(fl_broker *broker, unsigned queue, fl_broker_count *out)
{
    fl_kafka *k = fl_kafka_of(broker);
    char topic[FL_KAFKA_TOPIC];
    rd_kafka_resp_err_t error = RD_KAFKA_RESP_ERR_NO_ERROR;
    *out = (fl_broker_count){.delayed = FL_BROKER_UNKNOWN,
                             .leased = FL_BROKER_UNKNOWN,
                             .oldest = FL_BROKER_UNKNOWN};
    for (unsigned i = 0; i < 2 && !error; i++) {
        fl_kafka_topic(topic, k->config.queues[queue], i);
        error = count_topic(k, topic, &out->ready);
    }
    snprintf(topic, sizeof topic, "%s" FL_KAFKA_DEAD, k->config.queues[queue]);
    error = error ? error : count_topic(k, topic, &out->dead);
    return error ? fl_kafka_failed(k, "count the messages of", error) : FL_BROKER_OK;
}
