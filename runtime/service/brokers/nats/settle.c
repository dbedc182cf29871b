/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/service/broker.h>
#include <runtime/service/brokers/nats/message.h>
#include <runtime/service/brokers/nats/nats.h>
#include <runtime/service/copy.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

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

/* ---- Copies ---- */

/* Has the copy a header of this name? */
static bool has(const filch_message *message, const char *key)
{
    char *name = malloc(strlen(key) + 2);
    if (!name)
        return false;
    fl_nats_read_header(key, "", name);
    bool found = filch_message_header(message, name);
    free(name);
    return found;
}

/* Fields of the original that do not change, and headers that its delivery lacks, as those of a message
 * over a limit: as they are, escapes included. */
static natsStatus copy_rest(natsMsg *to, natsMsg *from, const filch_message *message)
{
    const char **keys = NULL;
    int count = 0;
    natsStatus status = natsMsgHeader_Keys(from, &keys, &count);
    if (status == NATS_NOT_FOUND || status == NATS_PROTOCOL_ERROR) /* none, or none to be read */
        return NATS_OK;
    for (int i = 0; i < count && status == NATS_OK; i++) {
        const char **values = NULL;
        int value_count = 0;
        if (fl_nats_is_changing(keys[i]) || has(message, keys[i]))
            continue;
        status = natsMsgHeader_Values(from, keys[i], &values, &value_count);
        for (int k = 0; k < value_count && status == NATS_OK; k++)
            status = natsMsgHeader_Add(to, keys[i], values[k]);
        free((void *)values);
    }
    free((void *)keys);
    return status;
}

natsMsg *fl_nats_copy(const fl_nats *n, unsigned index, const char *subject,
                      const fl_publication *copy)
{
    char number[2 * FL_NATS_SUBJECT];
    const filch_message *message = copy->message;
    natsMsg *from = copy->copy_of->handle;
    natsMsg *to = fl_nats_message(n, index, subject, natsMsg_GetData(from),
                                  (size_t)natsMsg_GetDataLength(from));
    if (!to)
        return NULL;
    /* of the same settlement, sent again: the answer's subject is new for each delivery */
    snprintf(number, sizeof number, "%s-%u-%s", subject, message->attempt, natsMsg_GetReply(from));
    natsStatus status = natsMsgHeader_Set(to, "Nats-Msg-Id", number);
    if (status == NATS_OK)
        status = copy_rest(to, from, message);
    if (status == NATS_OK)
        status = fl_nats_write_fields(to, message, true);
    for (size_t i = 0; i < message->header_count && status == NATS_OK; i++)
        status = fl_nats_write_header(to, message->headers[i].name, message->headers[i].value);
    if (status == NATS_OK)
        return to;
    natsMsg_Destroy(to);
    return NULL;
}
