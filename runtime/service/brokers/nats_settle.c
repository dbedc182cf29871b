/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/service/brokers/nats.h>

#include <runtime/service/broker.h>

#include <filch/log.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

static natsMsg *answer(const fl_nats *n, unsigned index, const fl_delivery *delivery,
                       const char *text)
{
    return fl_nats_message(n, index, natsMsg_GetReply(delivery->handle), text, strlen(text));
}

/* ---- Copies ---- */

/* The first return keeps the message's place. It counts as a delivery; a further one would make
 * poison of a message that restarts return again and again, so that one is a copy at the end. */
static bool needs_copy(const fl_settlement *one)
{
    return one->verb == FL_SETTLE_RETRY || one->verb == FL_SETTLE_DEAD ||
           (one->verb == FL_SETTLE_RETURN && one->delivery->message.deliveries > 1);
}

static natsMsg *make_copy(const fl_nats *n, unsigned index, const fl_settlement *one)
{
    char subject[FL_NATS_SUBJECT + sizeof ".dlq"];
    snprintf(subject, sizeof subject, "%s%s", n->queues[one->delivery->queue].subject,
             one->verb == FL_SETTLE_DEAD ? ".dlq" : "");
    return fl_nats_copy(n, index, subject, one);
}

/* The message stays with the server, and its lease ends: there is no room for the headers of a copy. */
static int refuse_copy(fl_nats *n, const fl_settlement *one)
{
    char text[320];
    snprintf(text, sizeof text,
             "message %.80s of %.80s is too large to be retried or become a dead letter; raise "
             "max_payload of the server (now %lld)",
             one->delivery->message.id, n->queues[one->delivery->queue].subject,
             (long long)natsConnection_GetMaxPayload(n->connection));
    n->base.host->log(n->base.host, FILCH_LOG_ERROR, text);
    return -ESTALE;
}

/* Status 0: the original may be acknowledged. */
static fl_broker_rc publish_copies(fl_nats *n, fl_settlement *batch, unsigned count)
{
    static const char doing[] = "publish copies to";
    fl_nats_request requests[FL_NATS_BATCH] = {{0}};
    unsigned copies = 0;
    for (unsigned i = 0; i < count; i++) {
        batch[i].status = fl_nats_verify(n, batch[i].delivery);
        if (batch[i].status || !needs_copy(&batch[i]))
            continue;
        requests[i].message = make_copy(n, i, &batch[i]);
        batch[i].status = -EAGAIN; /* until it is confirmed */
        copies++;
    }
    if (!copies)
        return FL_BROKER_OK;
    fl_broker_rc rc = fl_nats_exchange(n, requests, count, doing);
    for (unsigned i = 0; i < count; i++)
        if (batch[i].status == -EAGAIN) {
            int stored = fl_nats_stored(n, &requests[i], &rc);
            batch[i].status = stored == -EMSGSIZE ? refuse_copy(n, &batch[i])
                              : stored            ? -EAGAIN
                                                  : 0;
        }
    return rc;
}

/* ---- Settling ---- */

/* Those of status 0. */
static fl_broker_rc acknowledge(fl_nats *n, fl_settlement *batch, unsigned count)
{
    fl_nats_request requests[FL_NATS_BATCH] = {{0}};
    for (unsigned i = 0; i < count; i++) {
        bool returns = batch[i].verb == FL_SETTLE_RETURN && !needs_copy(&batch[i]);
        if (!batch[i].status)
            requests[i].message = answer(n, i, batch[i].delivery, returns ? "-NAK" : "+ACK");
    }
    fl_broker_rc rc = fl_nats_exchange(n, requests, count, "settle messages at");
    for (unsigned i = 0; i < count; i++) {
        if (!batch[i].status && !requests[i].reply)
            batch[i].status = -EAGAIN;
        natsMsg_Destroy(requests[i].reply);
    }
    return rc;
}

static unsigned part(unsigned from, unsigned count)
{
    return count - from < FL_NATS_BATCH ? count - from : FL_NATS_BATCH;
}

fl_broker_rc fl_nats_settle(fl_broker *broker, fl_settlement *batch, unsigned count)
{
    fl_nats *n = fl_nats_of(broker);
    fl_broker_rc rc = FL_BROKER_OK, failed = FL_BROKER_OK;
    for (unsigned i = 0; i < count; i++)
        batch[i].status = -EAGAIN;
    for (unsigned from = 0; from < count && !rc; from += FL_NATS_BATCH) {
        unsigned size = part(from, count);
        failed = publish_copies(n, batch + from, size);
        rc = acknowledge(n, batch + from, size);
        rc = rc ? rc : failed;
    }
    return rc;
}

/* ---- Leases ---- */

fl_broker_rc fl_nats_extend(fl_broker *broker, fl_delivery *const *batch, unsigned count,
                            int64_t lease)
{
    fl_nats *n = fl_nats_of(broker);
    fl_broker_rc rc = FL_BROKER_OK;
    lease = lease < n->config.lease ? lease : n->config.lease; /* the server knows no other */
    for (unsigned from = 0; from < count && !rc; from += FL_NATS_BATCH) {
        fl_nats_request requests[FL_NATS_BATCH] = {{0}};
        unsigned size = part(from, count);
        int64_t until = fl_nats_now(n) + lease;
        for (unsigned i = 0; i < size; i++)
            if (fl_nats_verify(n, batch[from + i]))
                batch[from + i]->lease_until = 0;
            else
                requests[i].message = answer(n, i, batch[from + i], "+WPI");
        rc = fl_nats_exchange(n, requests, size, "extend leases at");
        for (unsigned i = 0; i < size; i++) {
            if (requests[i].reply)
                batch[from + i]->lease_until = until;
            natsMsg_Destroy(requests[i].reply);
        }
    }
    return rc;
}
