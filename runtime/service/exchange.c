/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/service/exchange.h>

#include <runtime/service/broker.h>
#include <runtime/service/connection.h>
#include <runtime/service/intake.h>
#include <runtime/service/link.h>
#include <runtime/service/service.h>
#include <runtime/service/settle.h>

static bool is_useful(const filch_service *service)
{
    return service->link.kind->exchange && service->pending_count &&
           service->settle_at <= fl_service_now(service) && fl_service_may_receive(service);
}

static void exchange(filch_service *service)
{
    fl_settlement answers[FL_SETTLE_BATCH];
    fl_note notes[FL_SETTLE_BATCH];
    fl_delivery *batch[FL_RECEIVE_BATCH];
    unsigned received = 0, count = fl_service_collect(service, answers, notes);
    fl_service_share share = fl_service_next_share(service);
    if (share.most > FL_SETTLE_BATCH) /* else answers would pile up before there is room again */
        share.most = FL_SETTLE_BATCH;
    fl_broker_rc rc = service->link.kind->exchange(service->link.broker, answers, count,
                                                   share.queue, batch, share.most, &received);
    bool left = fl_service_apply(service, answers, count);
    if (rc == FL_BROKER_OK || rc == FL_BROKER_BUSY) /* others are judged once, below */
        fl_service_judge(service, FL_CALL_SETTLE, rc);
    bool full = fl_service_take(service, &share, batch, received, rc);
    if (left && service->link.broker) /* else they are sent by the next connection */
        service->settle_at = fl_service_now(service) + FL_SETTLE_PAUSE;
    /* the other queues have not been asked */
    service->more = full || (rc == FL_BROKER_OK && service->config.queue_count > 1);
}

void fl_service_exchange(filch_service *service)
{
    /* answers to messages that come meanwhile wait for the next turn, or a backlog of messages that
     * cannot run would keep it from leases and orders to stop */
    for (unsigned due = service->pending_count, sent = 0; sent < due && is_useful(service);
         sent += FL_SETTLE_BATCH)
        exchange(service);
}
