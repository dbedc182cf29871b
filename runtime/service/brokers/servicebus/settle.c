/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/service/brokers/servicebus/servicebus.h>

#include <runtime/service/broker.h>
#include <runtime/service/brokers/servicebus/session.h>
#include <runtime/service/copy.h>

#include <errno.h>
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
static bool is_here(const fl_bus *b, const fl_bus_held *held)
{
    return held->transfer && held->epoch == b->epoch &&
           (!held->session || fl_bus_session_of(b, held));
}

static bool is_lost(fl_broker *broker, fl_delivery *delivery)
{
    const fl_bus_held *held = delivery->handle;
    return held->session && !is_here(fl_bus_of(broker), held);
}

/* A retry, or a dead letter of a queue that has no queue of dead letters of its own. */
static bool needs_copy(fl_broker *broker, const fl_settlement *one)
{
    return one->verb == FL_SETTLE_RETRY ||
           (one->verb == FL_SETTLE_DEAD &&
            strchr(fl_bus_of(broker)->queues[one->delivery->queue].address, '$'));
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

static void put_reason(pn_data_t *map, const fl_settlement *one, const char *name,
                       const char *value)
{
    if (strcmp(name, "x-dlq-reason") == 0)
        fl_bus_put_pair(map, "DeadLetterReason", value);
    fl_bus_put_pair(map, spelled(&one->delivery->message, name), value);
}

void fl_bus_put_reasons(pn_data_t *map, const fl_settlement *one)
{
    for (unsigned i = 0; i < one->header_count; i++)
        put_reason(map, one, one->headers[i].name, one->headers[i].value);
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

static void send_outcome(const fl_settlement *one)
{
    pn_delivery_t *transfer = held_of(one)->transfer;
    fl_settle_verb verb = fl_copy_verb(one);
    if (verb == FL_SETTLE_DEAD)
        reject(transfer, one);
    else
        pn_delivery_update(transfer, verb == FL_SETTLE_RETURN ? PN_RELEASED : PN_ACCEPTED);
}

/* Settlements that have been sent. */
typedef struct sent {
    const fl_bus *b;
    fl_settlement *const *items;
    unsigned count;
} sent;

static bool are_settled(const void *arg)
{
    const sent *all = arg;
    for (unsigned i = all->count; i-- > 0;)
        if (is_here(all->b, held_of(all->items[i])) &&
            !pn_delivery_settled(held_of(all->items[i])->transfer))
            return false;
    return true;
}

/* The server confirms an outcome by the same one; otherwise it rejects. Then only a lost lock is certain.
 * Any other refusal is tried again by the lock token. */
static int judge(fl_bus *b, pn_delivery_t *transfer, fl_broker_rc *rc)
{
    pn_condition_t *condition = pn_disposition_condition(pn_delivery_remote(transfer));
    const char *name = pn_condition_get_name(condition);
    bool is_error = name && strcmp(name, "com.microsoft:dead-letter") != 0;
    if (pn_delivery_remote_state(transfer) != PN_REJECTED ||
        (!is_error && pn_delivery_local_state(transfer) == PN_REJECTED))
        return 0;
    if (name && strcmp(name, "com.microsoft:message-lock-lost") == 0)
        return -ESTALE;
    fl_bus_note(b, name, pn_condition_get_description(condition));
    if (!*rc)
        *rc = fl_bus_failed(b, doing);
    return -EAGAIN;
}

static int by_arrival(const void *a, const void *b)
{
    uint64_t one = held_of(*(fl_settlement *const *)a)->order;
    uint64_t other = held_of(*(fl_settlement *const *)b)->order;
    return one < other ? -1 : one > other;
}

/* On their links. Jobs end in any order, and outcomes of transfers in a row are one frame: so they are
 * sent in the order of arrival. */
static fl_broker_rc settle_here(fl_bus *b, fl_settlement **items, unsigned count)
{
    const sent all = {b, items, count};
    if (!count)
        return FL_BROKER_OK;
    qsort(items, count, sizeof *items, by_arrival);
    for (unsigned i = 0; i < count; i++)
        send_outcome(items[i]);
    fl_bus_read_ahead(b, count);
    fl_broker_rc rc = fl_bus_await(b, are_settled, &all, doing);
    for (unsigned i = 0; i < count; i++) {
        fl_bus_held *held = held_of(items[i]);
        bool is_lost = !is_here(b, held); /* with its session, meanwhile */
        bool is_settled = !is_lost && pn_delivery_settled(held->transfer);
        items[i]->status = is_settled ? judge(b, held->transfer, &rc) : is_lost ? -ESTALE : -EAGAIN;
        if (is_settled)
            fl_bus_forget(b, held);
    }
    return rc;
}

/* Of an earlier connection: by their lock tokens. */
static fl_broker_rc settle_elsewhere(fl_bus *b, fl_settlement **items, unsigned count)
{
    fl_broker_rc rc = FL_BROKER_OK;
    for (unsigned i = 0; i < count; i++) {
        items[i]->status = -EAGAIN;
        if (!rc)
            rc = fl_bus_settle_by_token(b, items[i]);
    }
    return rc;
}

/* Of a lost item, or one that stays, the transfer is forgotten: its lock runs out. */
static fl_broker_rc answer(fl_broker *broker, fl_settlement *batch, unsigned count)
{
    fl_bus *b = fl_bus_of(broker);
    fl_settlement *here[FL_COPY_BATCH], *elsewhere[FL_COPY_BATCH];
    unsigned here_count = 0, elsewhere_count = 0;
    fl_broker_rc rc = fl_bus_begin(b, doing);
    for (unsigned i = 0; i < count && !rc; i++) {
        fl_settlement *one = &batch[i];
        if (one->status == -ESTALE && is_here(b, held_of(one)))
            fl_bus_forget(b, held_of(one));
        else if (one->status == FL_SETTLE_TO_DO && is_here(b, held_of(one)))
            here[here_count++] = one;
        else if (one->status == FL_SETTLE_TO_DO)
            elsewhere[elsewhere_count++] = one;
    }
    rc = rc ? rc : settle_here(b, here, here_count);
    return rc ? rc : settle_elsewhere(b, elsewhere, elsewhere_count);
}

const fl_transport fl_bus_transport = {
    .remedy = "raise the maximum message size of the queue (tier Premium)",
    .is_lost = is_lost,
    .needs_copy = needs_copy,
    .answer = answer};
