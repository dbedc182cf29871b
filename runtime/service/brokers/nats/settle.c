/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/service/brokers/nats/nats.h>

#include <runtime/service/broker.h>
#include <runtime/service/copy.h>

#include <string.h>

_Static_assert((int)FL_NATS_BATCH >= (int)FL_COPY_BATCH, "a batch is one exchange");

static natsMsg *answer(const fl_nats *n, unsigned index, const fl_delivery *delivery,
                       const char *text)
{
    return fl_nats_message(n, index, natsMsg_GetReply(delivery->handle), text, strlen(text));
}

/* ---- Settling ---- */

static bool is_lost(fl_broker *broker, fl_delivery *delivery)
{
    return fl_nats_verify(fl_nats_of(broker), delivery);
}

/* The first return keeps the message's place. It counts as a delivery; a further one would make
 * poison of a message that restarts return again and again, so that one is a copy at the end. */
static bool needs_copy(fl_broker *broker, const fl_settlement *one)
{
    (void)broker;
    return one->verb != FL_SETTLE_RETURN || one->delivery->message.deliveries > 1;
}

static natsMsg *answer_to(const fl_nats *n, unsigned index, const fl_settlement *one)
{
    char text[FL_NATS_NAK] = "+ACK";
    fl_settle_verb verb = fl_copy_verb(one);
    if (verb != FL_SETTLE_ACK)
        fl_nats_spell_return(text, verb == FL_SETTLE_RETRY ? one->delay : 0);
    return answer(n, index, one->delivery, text);
}

static fl_broker_rc answer_all(fl_broker *broker, fl_settlement *batch, unsigned count)
{
    fl_nats *n = fl_nats_of(broker);
    fl_nats_request requests[FL_NATS_BATCH] = {{0}};
    for (unsigned i = 0; i < count; i++)
        if (batch[i].status == FL_SETTLE_TO_DO)
            requests[i].message = answer_to(n, i, &batch[i]);
    fl_broker_rc rc = fl_nats_exchange(n, requests, count, "settle messages at");
    for (unsigned i = 0; i < count; i++) {
        if (requests[i].reply)
            batch[i].status = 0;
        natsMsg_Destroy(requests[i].reply);
    }
    return rc;
}

const fl_transport fl_nats_transport = {.remedy = "raise max_payload of the server",
                                        .delays = true,
                                        .is_lost = is_lost,
                                        .needs_copy = needs_copy,
                                        .answer = answer_all};

static unsigned part(unsigned from, unsigned count)
{
    return count - from < FL_NATS_BATCH ? count - from : FL_NATS_BATCH;
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
