/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/service/brokers/pubsub/pubsub.h>

#include <runtime/service/broker.h>
#include <runtime/service/key_order.h>

#include <filch/wait.h>

#include <stdio.h>

int64_t fl_pubsub_deadline(int64_t lease)
{
    int64_t seconds = (lease + lease / 8 + FILCH_SECOND - 1) / FILCH_SECOND;
    seconds = seconds < FL_PUBSUB_LEASE_LEAST ? FL_PUBSUB_LEASE_LEAST : seconds;
    return seconds < FL_PUBSUB_LEASE_MOST ? seconds : FL_PUBSUB_LEASE_MOST;
}

int64_t fl_pubsub_first_lease(const fl_pubsub *p, const fl_pubsub_queue *queue)
{
    int64_t deadline = queue->deadline ? queue->deadline : FL_PUBSUB_LEASE_LEAST;
    int64_t lease = deadline * FILCH_SECOND / 9 * 8;
    return lease < p->config.lease ? lease : p->config.lease;
}

static bool is_over(const fl_pubsub *p, const fl_delivery *delivery)
{
    return delivery->lease_until <= fl_pubsub_now(p);
}

static bool is_to_extend(const fl_pubsub *p, const fl_delivery *one, unsigned queue)
{
    return one->queue == queue && !is_over(p, one);
}

static fl_broker_rc extend_queue(fl_pubsub *p, fl_delivery *const *batch, unsigned count,
                                 unsigned queue, int64_t lease)
{
    char path[FL_PUBSUB_NAME + sizeof ":modifyAckDeadline"];
    fl_pubsub_reply reply;
    json_t *ids = json_array();
    bool is_mine[FL_PUBSUB_BATCH];
    int64_t until = fl_pubsub_now(p) + lease;
    for (unsigned i = 0; i < count; i++) {
        const fl_pubsub_handle *handle = batch[i]->handle;
        is_mine[i] = is_to_extend(p, batch[i], queue) &&
                     !json_array_append_new(ids, json_string(handle->ack_id));
    }
    if (!json_array_size(ids)) {
        json_decref(ids);
        return FL_BROKER_OK;
    }
    snprintf(path, sizeof path, "%s:modifyAckDeadline", p->queues[queue].subscription);
    fl_broker_rc rc =
        fl_pubsub_ask(p, NULL, path, fl_pubsub_deadline_body(ids, fl_pubsub_deadline(lease)), 0,
                      &reply, "extend leases at");
    json_decref(reply.json);
    for (unsigned i = 0; i < count && !rc; i++)
        if (is_mine[i] && !is_over(p, batch[i])) {
            batch[i]->lease_until = until;
            fl_key_order_extend(&p->order, batch[i]->tag[0], until);
        }
    return rc;
}

fl_broker_rc fl_pubsub_extend(fl_broker *broker, fl_delivery *const *batch, unsigned count,
                              int64_t lease)
{
    fl_pubsub *p = fl_pubsub_of(broker);
    fl_broker_rc rc = FL_BROKER_OK;
    for (unsigned from = 0; from < count && !rc; from += FL_PUBSUB_BATCH) {
        unsigned left = count - from, some = left < FL_PUBSUB_BATCH ? left : FL_PUBSUB_BATCH;
        for (unsigned queue = 0; queue < p->queue_count && !rc; queue++)
            rc = extend_queue(p, batch + from, some, queue, lease);
    }
    for (unsigned i = 0; i < count; i++)
        if (is_over(p, batch[i]))
            batch[i]->lease_until = 0;
    return rc;
}
