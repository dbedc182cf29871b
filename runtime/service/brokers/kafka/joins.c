/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Is this member joining its group again?
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
#include <runtime/service/brokers/kafka/kafka.h>

#include <filch/atomic.h>
#include <filch/timer.h>
#include <filch/wait.h>

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
