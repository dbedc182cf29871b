/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/service/brokers/servicebus/servicebus.h>

#include <runtime/service/broker.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <proton/condition.h>
#include <proton/connection.h>
#include <proton/disposition.h>

static const char doing[] = "send to";

/* ---- Sending ---- */

/* Has the server given credit, or detached the link? */
static bool may_send(const void *arg)
{
    pn_link_t *link = (pn_link_t *)arg;
    return pn_link_credit(link) > 0 || (pn_link_state(link) & PN_REMOTE_CLOSED);
}

/* 0: it is on its way; or its status. */
static fl_broker_rc send_one(fl_bus *b, fl_bus_copy *copy)
{
    pn_link_t *link;
    fl_broker_rc rc = fl_bus_sender(b, copy->address, &link);
    if (!rc && pn_link_credit(link) <= 0)
        rc = fl_bus_await(b, may_send, link, doing);
    if (rc)
        return rc;
    if (pn_link_credit(link) <= 0)
        return fl_bus_failed(b, doing);
    int status = fl_bus_encode_copy(b, copy);
    uint64_t most = pn_link_remote_max_message_size(link);
    if (!status && most && b->out.size > most)
        status = -EMSGSIZE;
    copy->status = status ? status : -EAGAIN;
    if (status)
        return FL_BROKER_OK;
    uint64_t number = ++b->number;
    copy->transfer = pn_delivery(link, pn_dtag((const char *)&number, sizeof number));
    pn_link_send(link, b->out.at, b->out.size);
    pn_link_advance(link);
    return FL_BROKER_OK;
}

/* ---- Outcomes ---- */

typedef struct awaited {
    const fl_bus_copy *batch;
    unsigned count;
} awaited;

static bool is_done(const fl_bus_copy *copy)
{
    return !copy->transfer || pn_delivery_remote_state(copy->transfer) ||
           pn_delivery_settled(copy->transfer) ||
           (pn_link_state(pn_delivery_link(copy->transfer)) & PN_REMOTE_CLOSED);
}

static bool are_done(const void *arg)
{
    const awaited *all = arg;
    for (unsigned i = all->count; i-- > 0;) /* the last one is likely to be the last to be done */
        if (!is_done(&all->batch[i]))
            return false;
    return true;
}

/* Of a rejected transfer. Any other condition is forever: sent again, it would be rejected again. */
static const struct {
    const char *condition;
    int status;
} refusals[] = {
    {"amqp:resource-limit-exceeded", -ENOSPC}, {"amqp:link:message-size-exceeded", -EMSGSIZE},
    {"amqp:unauthorized-access", -EAGAIN},     {"amqp:not-found", -EAGAIN},
    {"amqp:internal-error", -EAGAIN},          {"com.microsoft:server-busy", -EAGAIN},
    {"com.microsoft:timeout", -EAGAIN},
};

static int status_of(const char *condition)
{
    for (unsigned i = 0; condition && i < sizeof refusals / sizeof *refusals; i++)
        if (strcmp(refusals[i].condition, condition) == 0)
            return refusals[i].status;
    return condition ? -ENOTSUP : -EAGAIN;
}

/* Writes the status of a transfer that is done. */
static void judge(fl_bus *b, fl_bus_copy *copy, fl_broker_rc *rc)
{
    uint64_t state = pn_delivery_remote_state(copy->transfer);
    pn_condition_t *condition = pn_disposition_condition(pn_delivery_remote(copy->transfer));
    const char *name = pn_condition_get_name(condition);
    copy->status = state == PN_ACCEPTED ? 0 : state == PN_REJECTED ? status_of(name) : -EAGAIN;
    if (copy->status == -EAGAIN && !*rc) {
        if (state == PN_REJECTED)
            fl_bus_note(b, name, pn_condition_get_description(condition));
        *rc = fl_bus_failed(b, doing);
    }
    pn_delivery_settle(copy->transfer);
    copy->transfer = NULL;
}

static fl_broker_rc send_all(fl_bus *b, fl_bus_copy *batch, unsigned count)
{
    fl_broker_rc rc = fl_bus_begin(b, doing);
    for (unsigned i = 0; i < count; i++) {
        batch[i].status = -EAGAIN;
        batch[i].transfer = NULL;
    }
    for (unsigned i = 0; i < count && !rc; i++)
        rc = send_one(b, &batch[i]);
    awaited all = {batch, count};
    if (!b->is_broken) {
        fl_broker_rc answered = fl_bus_await(b, are_done, &all, doing);
        rc = rc ? rc : answered;
    }
    for (unsigned i = 0; i < count; i++)
        if (batch[i].transfer && is_done(&batch[i]))
            judge(b, &batch[i], &rc);
    return rc;
}

/* ---- Publishing ---- */

/* Service Bus does not let anyone send to a queue of dead letters of its own. A copy of a message that
 * could not be read whole would lack a part of it. */
static bool is_supported(const fl_publication *one, fl_bus_copy *copy)
{
    const filch_message *message = one->message;
    return !message->dedup && !message->priority && !(one->copy_of && one->copy_of->malformed) &&
           fl_bus_address(message->queue, copy->address) && !strchr(copy->address, '$');
}

/* The lock of the original, as the id of a copy. */
static const char *token_of(const fl_publication *one)
{
    const fl_bus_held *held = one->copy_of ? one->copy_of->handle : NULL;
    return held ? held->token : NULL;
}

static fl_broker_rc publish_part(fl_bus *b, fl_publication *batch, unsigned count)
{
    fl_bus_copy copies[FL_BUS_BATCH];
    fl_publication *items[FL_BUS_BATCH];
    unsigned used = 0;
    for (unsigned i = 0; i < count; i++) {
        copies[used] = (fl_bus_copy){.message = batch[i].message, .token = token_of(&batch[i])};
        batch[i].status = is_supported(&batch[i], &copies[used]) ? -EAGAIN : -ENOTSUP;
        if (batch[i].status == -EAGAIN)
            items[used++] = &batch[i];
    }
    fl_broker_rc rc = used ? send_all(b, copies, used) : FL_BROKER_OK;
    for (unsigned i = 0; i < used; i++)
        items[i]->status = copies[i].status;
    return rc;
}

fl_broker_rc fl_bus_publish(fl_broker *broker, fl_publication *batch, unsigned count)
{
    fl_broker_rc rc = FL_BROKER_OK;
    for (unsigned i = 0; i < count; i++)
        batch[i].status = -EAGAIN;
    for (unsigned from = 0; from < count && !rc; from += FL_BUS_BATCH) {
        unsigned left = count - from;
        rc = publish_part(fl_bus_of(broker), batch + from,
                          left < FL_BUS_BATCH ? left : FL_BUS_BATCH);
    }
    return rc;
}
