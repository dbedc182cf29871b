/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/service/brokers/servicebus.h>

#include <runtime/service/broker.h>
#include <runtime/service/brokers/servicebus_session.h>

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
    const fl_bus_held *held = held_of(one);
    return held->transfer && held->epoch == b->epoch &&
           (!held->session || fl_bus_session_of(b, held));
}

/* ---- Copies ---- */

/* A retry, or a dead letter of a queue that has no queue of dead letters of its own. */
static bool needs_copy(const fl_bus *b, const fl_settlement *one)
{
    return one->verb == FL_SETTLE_RETRY ||
           (one->verb == FL_SETTLE_DEAD && strchr(b->queues[one->delivery->queue].address, '$'));
}

fl_bus_outcome fl_bus_outcome_of(const fl_bus *b, const fl_settlement *one)
{
    bool has_dead = !strchr(b->queues[one->delivery->queue].address, '$');
    bool dies =
        one->verb == FL_SETTLE_DEAD || (one->verb == FL_SETTLE_RETRY && held_of(one)->unfit);
    if (one->verb == FL_SETTLE_RETURN)
        return FL_BUS_RELEASES;
    if (!dies || (!has_dead && held_of(one)->is_copied))
        return FL_BUS_COMPLETES;
    return has_dead ? FL_BUS_DIES : FL_BUS_KEEPS;
}

static bool make_copy(const fl_bus *b, const fl_settlement *one, fl_bus_copy *out)
{
    char name[FL_BUS_NAME];
    bool dies = one->verb == FL_SETTLE_DEAD;
    *out = (fl_bus_copy){.message = &one->delivery->message,
                         .token = held_of(one)->token,
                         .attempt = dies ? one->delivery->message.attempt : one->attempt,
                         .delay = dies ? 0 : one->delay,
                         .more = dies ? one->headers : NULL,
                         .more_count = dies ? one->header_count : 0};
    int size = snprintf(name, sizeof name, "%s%s", b->config.queues[one->delivery->queue],
                        dies ? ".dlq" : "");
    return size < (int)sizeof name && fl_bus_address(name, out->address);
}

/* Why the server will never take this copy; NULL: it may. */
static const char *unfit_by(int status)
{
    return status == -EMSGSIZE  ? "its copy is longer than the queue allows"
           : status == -ENOTSUP ? "the queue does not take its copy"
                                : NULL;
}

/* true: to be copied. A lease that is over here is not trusted: another worker may have the message, and
 * the copy would be a second one. */
static bool begin_copy(fl_bus *b, fl_settlement *one, fl_bus_copy *out)
{
    fl_bus_held *held = held_of(one);
    if (!needs_copy(b, one) || held->is_copied || held->unfit)
        return false;
    if (b->base.host->now(b->base.host) >= one->delivery->lease_until) {
        one->status = -ESTALE;
        return false;
    }
    if (make_copy(b, one, out))
        return true;
    held->unfit = "the name of its queue is too long";
    return false;
}

/* Status 0: the original may be settled. */
static fl_broker_rc send_copies(fl_bus *b, fl_settlement *batch, unsigned count)
{
    fl_bus_copy copies[FL_BUS_BATCH];
    fl_settlement *items[FL_BUS_BATCH];
    unsigned used = 0;
    for (unsigned i = 0; i < count; i++) {
        const fl_bus_held *held = held_of(&batch[i]);
        batch[i].status = held->session && !is_here(b, &batch[i]) ? -ESTALE : 0;
        if (!batch[i].status && begin_copy(b, &batch[i], &copies[used]))
            items[used++] = &batch[i];
    }
    fl_broker_rc rc = used ? fl_bus_send(b, copies, used) : FL_BROKER_OK;
    for (unsigned i = 0; i < used; i++) {
        fl_bus_held *held = held_of(items[i]);
        held->is_copied = !copies[i].status;
        held->unfit = unfit_by(copies[i].status);
        items[i]->status = held->is_copied || held->unfit ? 0 : -EAGAIN;
        if (copies[i].status == -ENOSPC && !rc) {
            fl_bus_note(b, "amqp:resource-limit-exceeded", "the queue is full");
            rc = fl_bus_failed(b, doing);
        }
    }
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

static void put_reason(pn_data_t *map, const fl_settlement *one, const char *name,
                       const char *value)
{
    if (strcmp(name, "x-dlq-reason") == 0)
        fl_bus_put_pair(map, "DeadLetterReason", value);
    fl_bus_put_pair(map, spelled(&one->delivery->message, name), value);
}

void fl_bus_put_reasons(pn_data_t *map, const fl_settlement *one)
{
    if (one->verb == FL_SETTLE_RETRY) /* that cannot be sent */
        put_reason(map, one, "x-dlq-reason", held_of(one)->unfit);
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

static void send_outcome(const fl_bus *b, const fl_settlement *one)
{
    pn_delivery_t *transfer = held_of(one)->transfer;
    fl_bus_outcome outcome = fl_bus_outcome_of(b, one);
    if (outcome == FL_BUS_DIES)
        reject(transfer, one);
    else
        pn_delivery_update(transfer, outcome == FL_BUS_RELEASES ? PN_RELEASED : PN_ACCEPTED);
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
        if (is_here(all->b, all->items[i]) &&
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

/* A message that is neither copied nor dead stays where it is: its lock runs out, and it is delivered
 * again then. */
static void keep(fl_bus *b, const fl_settlement *one)
{
    char text[300];
    snprintf(
        text, sizeof text,
        "message %.64s of %.100s cannot be copied (%s): it stays there, and comes again when its "
        "lock ends; remove it by another program",
        one->delivery->message.id, b->queues[one->delivery->queue].address,
        held_of(one)->unfit ? held_of(one)->unfit : "unknown");
    b->base.host->log(b->base.host, FILCH_LOG_WARN, text);
}

/* Nothing is sent for it. */
static void end_silently(fl_bus *b, const fl_settlement *one)
{
    if (!one->status)
        keep(b, one);
    if (is_here(b, one))
        fl_bus_forget(b, held_of(one));
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
        send_outcome(b, items[i]);
    fl_bus_read_ahead(b, count);
    fl_broker_rc rc = fl_bus_await(b, are_settled, &all, doing);
    for (unsigned i = 0; i < count; i++) {
        fl_bus_held *held = held_of(items[i]);
        bool is_lost = !is_here(b, items[i]); /* with its session, meanwhile */
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

static fl_broker_rc settle_part(fl_bus *b, fl_settlement *batch, unsigned count)
{
    fl_settlement *here[FL_BUS_BATCH], *elsewhere[FL_BUS_BATCH];
    unsigned here_count = 0, elsewhere_count = 0;
    fl_broker_rc failed = send_copies(b, batch, count);
    for (unsigned i = 0; i < count; i++) {
        fl_settlement *one = &batch[i];
        bool is_over =
            one->status == -ESTALE || (!one->status && fl_bus_outcome_of(b, one) == FL_BUS_KEEPS);
        if (is_over)
            end_silently(b, one);
        else if (!one->status && is_here(b, one))
            here[here_count++] = one;
        else if (!one->status)
            elsewhere[elsewhere_count++] = one;
    }
    fl_broker_rc rc = settle_here(b, here, here_count);
    if (!rc)
        rc = settle_elsewhere(b, elsewhere, elsewhere_count);
    else
        for (unsigned i = 0; i < elsewhere_count; i++)
            elsewhere[i]->status = -EAGAIN;
    return rc ? rc : failed;
}

fl_broker_rc fl_bus_settle(fl_broker *broker, fl_settlement *batch, unsigned count)
{
    fl_bus *b = fl_bus_of(broker);
    for (unsigned i = 0; i < count; i++)
        batch[i].status = -EAGAIN;
    fl_broker_rc rc = fl_bus_begin(b, doing);
    for (unsigned from = 0; from < count && !rc; from += FL_BUS_BATCH) {
        unsigned left = count - from;
        rc = settle_part(b, batch + from, left < FL_BUS_BATCH ? left : FL_BUS_BATCH);
    }
    return rc;
}
