/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/service/brokers/servicebus.h>

#include <runtime/service/broker.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <proton/condition.h>
#include <proton/disposition.h>

static const char doing[] = "settle messages at";

static fl_bus_held *held_of(const fl_settlement *one)
{
    return one->delivery->handle;
}

/* Can it be settled on its link? */
static bool is_here(const fl_bus *b, const fl_settlement *one)
{
    return held_of(one)->transfer && held_of(one)->epoch == b->epoch;
}

/* ---- Copies ---- */

/* A retry, or a dead letter of a queue that has no queue of dead letters of its own. */
static bool needs_copy(const fl_bus *b, const fl_settlement *one)
{
    return one->verb == FL_SETTLE_RETRY ||
           (one->verb == FL_SETTLE_DEAD && strchr(b->queues[one->delivery->queue].address, '$'));
}

static bool make_copy(const fl_bus *b, const fl_settlement *one, fl_bus_copy *out)
{
    char name[FL_BUS_NAME];
    bool dies = one->verb == FL_SETTLE_DEAD;
    *out = (fl_bus_copy){.message = &one->delivery->message,
                         .attempt = dies ? one->delivery->message.attempt : one->attempt,
                         .delay = dies ? 0 : one->delay,
                         .more = dies ? one->headers : NULL,
                         .more_count = dies ? one->header_count : 0};
    int size = snprintf(name, sizeof name, "%s%s", b->config.queues[one->delivery->queue],
                        dies ? ".dlq" : "");
    return size < (int)sizeof name && fl_bus_address(name, out->address);
}

/* Status 0: the original may be settled. A lease that is over here is not trusted: another worker may
 * have the message, and the copy would be a second one. */
static fl_broker_rc send_copies(fl_bus *b, fl_settlement *batch, unsigned count)
{
    fl_bus_copy copies[FL_BUS_BATCH];
    fl_settlement *items[FL_BUS_BATCH];
    unsigned used = 0;
    int64_t now = b->base.host->now(b->base.host);
    for (unsigned i = 0; i < count; i++) {
        batch[i].status = 0;
        if (!needs_copy(b, &batch[i]))
            continue;
        batch[i].status = -ESTALE;
        if (now < batch[i].delivery->lease_until && make_copy(b, &batch[i], &copies[used]))
            items[used++] = &batch[i];
    }
    fl_broker_rc rc = used ? fl_bus_send(b, copies, used) : FL_BROKER_OK;
    for (unsigned i = 0; i < used; i++)
        items[i]->status = copies[i].status ? -EAGAIN : 0;
    return rc;
}

/* ---- Outcomes ---- */

/* The message's own spelling of a header that is replaced: the server compares names exactly. */
static const char *spelled(const filch_message *message, const char *name)
{
    for (size_t i = 0; i < message->header_count; i++)
        if (strcasecmp(message->headers[i].name, name) == 0)
            return message->headers[i].name;
    return name;
}

void fl_bus_put_reasons(pn_data_t *map, const fl_settlement *one)
{
    for (unsigned i = 0; i < one->header_count; i++) {
        const filch_header *header = &one->headers[i];
        if (strcmp(header->name, "x-dlq-reason") == 0)
            fl_bus_put_pair(map, "DeadLetterReason", header->value);
        fl_bus_put_pair(map, spelled(&one->delivery->message, header->name), header->value);
    }
}

/* The information of this condition becomes application properties of the dead letter. */
static void reject(pn_delivery_t *transfer, const fl_settlement *one)
{
    pn_condition_t *condition = pn_disposition_condition(pn_delivery_local(transfer));
    pn_condition_set_name(condition, "com.microsoft:dead-letter");
    pn_data_t *info = pn_condition_info(condition);
    pn_data_put_map(info);
    pn_data_enter(info);
    fl_bus_put_reasons(info, one);
    pn_data_exit(info);
    pn_delivery_update(transfer, PN_REJECTED);
}

static void send_outcome(fl_bus *b, const fl_settlement *one)
{
    pn_delivery_t *transfer = held_of(one)->transfer;
    if (one->verb == FL_SETTLE_DEAD && !needs_copy(b, one))
        reject(transfer, one);
    else
        pn_delivery_update(transfer, one->verb == FL_SETTLE_RETURN ? PN_RELEASED : PN_ACCEPTED);
}

/* Settlements that have been sent, in the order of arrival. */
typedef struct sent {
    fl_settlement *items[FL_BUS_BATCH];
    unsigned count;
} sent;

static bool are_settled(const void *arg)
{
    const sent *all = arg;
    for (unsigned i = all->count; i-- > 0;)
        if (!pn_delivery_settled(held_of(all->items[i])->transfer))
            return false;
    return true;
}

/* The server confirms an outcome by the same one; otherwise it rejects: the lock was lost, in general. */
static int judge(pn_delivery_t *transfer)
{
    uint64_t state = pn_delivery_remote_state(transfer);
    const char *name =
        pn_condition_get_name(pn_disposition_condition(pn_delivery_remote(transfer)));
    bool is_error = name && strcmp(name, "com.microsoft:dead-letter") != 0;
    return state == PN_REJECTED && (is_error || pn_delivery_local_state(transfer) != PN_REJECTED)
               ? -ESTALE
               : 0;
}

static int by_arrival(const void *a, const void *b)
{
    uint64_t one = held_of(*(fl_settlement *const *)a)->order;
    uint64_t other = held_of(*(fl_settlement *const *)b)->order;
    return one < other ? -1 : one > other;
}

/* On their links, those of status 0. Jobs end in any order, and outcomes of transfers in a row are one
 * frame: so they are sent in the order of arrival. */
static fl_broker_rc settle_here(fl_bus *b, fl_settlement *batch, unsigned count)
{
    sent all = {.count = 0};
    for (unsigned i = 0; i < count; i++)
        if (!batch[i].status && is_here(b, &batch[i]))
            all.items[all.count++] = &batch[i];
    if (!all.count)
        return FL_BROKER_OK;
    qsort(all.items, all.count, sizeof *all.items, by_arrival);
    for (unsigned i = 0; i < all.count; i++)
        send_outcome(b, all.items[i]);
    fl_bus_read_ahead(b, all.count);
    fl_broker_rc rc = fl_bus_await(b, are_settled, &all, doing);
    for (unsigned i = 0; i < all.count; i++) {
        fl_bus_held *held = held_of(all.items[i]);
        bool is_settled = pn_delivery_settled(held->transfer);
        all.items[i]->status = is_settled ? judge(held->transfer) : -EAGAIN;
        if (is_settled)
            fl_bus_forget(b, held);
    }
    return rc;
}

static fl_broker_rc settle_part(fl_bus *b, fl_settlement *batch, unsigned count)
{
    bool is_elsewhere[FL_BUS_BATCH];
    for (unsigned i = 0; i < count; i++)
        is_elsewhere[i] = !is_here(b, &batch[i]);
    fl_broker_rc failed = send_copies(b, batch, count);
    fl_broker_rc rc = settle_here(b, batch, count);
    for (unsigned i = 0; i < count; i++) {
        if (batch[i].status || !is_elsewhere[i])
            continue;
        batch[i].status = -EAGAIN;
        if (!rc)
            rc = fl_bus_settle_by_token(b, &batch[i]);
    }
    return rc ? rc : failed;
}

fl_broker_rc fl_bus_settle(fl_broker *broker, fl_settlement *batch, unsigned count)
{
    fl_bus *b = fl_bus_of(broker);
    for (unsigned i = 0; i < count; i++)
        batch[i].status = -EAGAIN;
    fl_broker_rc rc = b->is_broken ? fl_bus_failed(b, doing) : FL_BROKER_OK;
    for (unsigned from = 0; from < count && !rc; from += FL_BUS_BATCH) {
        unsigned left = count - from;
        rc = settle_part(b, batch + from, left < FL_BUS_BATCH ? left : FL_BUS_BATCH);
    }
    return rc;
}
