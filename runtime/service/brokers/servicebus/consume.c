/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/service/brokers/servicebus/servicebus.h>

#include <runtime/service/broker.h>
#include <runtime/service/brokers/servicebus/session.h>
#include <runtime/service/job.h>

#include <filch/timer.h>

#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

enum {
    ENVELOPE = 64 << 10, /* of a message, beside its body and headers */
    LARGE = 32,          /* a batch that is worth reading the next one ahead */
    AHEAD = 128          /* messages, at most */
};

/* ---- Transfers ---- */

static void release_transfer(pn_delivery_t *transfer)
{
    pn_delivery_update(transfer, PN_RELEASED);
    pn_delivery_settle(transfer);
}

/* Reads what has come; false: no memory. Of a message that is too long nothing is kept. */
static bool read_part(fl_bus *b, fl_bus_inlet *inlet, pn_delivery_t *transfer)
{
    size_t more = pn_delivery_pending(transfer);
    fl_bus_bytes *part = &inlet->part;
    size_t most = b->config.body_most + b->config.header_most + ENVELOPE;
    inlet->is_over |= part->size + more > most;
    if (inlet->is_over)
        part->size = 0;
    if (part->size + more > part->room) {
        char *room = realloc(part->at, part->size + more);
        if (!room)
            return false;
        part->at = room;
        part->room = part->size + more;
    }
    ssize_t size = pn_link_recv(inlet->link, part->at + part->size, more);
    part->size += size > 0 ? (size_t)size : 0;
    return true;
}

static void take_answer(fl_bus_inlet *inlet, pn_delivery_t *transfer)
{
    pn_message_clear(inlet->answer);
    inlet->is_answered = pn_message_decode(inlet->answer, inlet->part.at, inlet->part.size) == 0;
    pn_delivery_update(transfer, PN_ACCEPTED);
    pn_delivery_settle(transfer);
    pn_link_flow(inlet->link, 1);
}

/* Without memory, and while the connection is being closed, it goes back to the server. */
static void take_message(fl_bus *b, fl_bus_inlet *inlet, pn_delivery_t *transfer)
{
    pn_delivery_tag_t tag = pn_delivery_tag(transfer);
    fl_bus_held *held = b->is_closing ? NULL : calloc(1, sizeof *held);
    if (held && tag.size == FL_BUS_TAG)
        memcpy(held->token, tag.start, FL_BUS_TAG);
    fl_delivery *delivery = held ? fl_bus_decode(b, inlet, held->token) : NULL;
    if (!delivery) {
        free(held);
        release_transfer(transfer);
        return;
    }
    held->delivery = delivery;
    held->transfer = transfer;
    held->epoch = b->epoch;
    held->order = ++b->number;
    held->at = b->base.host->now(b->base.host);
    held->session = inlet->session ? inlet->session->number : 0;
    delivery->handle = held;
    fl_list_append(&inlet->arrived, &held->link);
    b->unsettled++;
}

void fl_bus_on_transfer(fl_bus *b, pn_delivery_t *transfer)
{
    pn_link_t *link = pn_delivery_link(transfer);
    fl_bus_inlet *inlet = pn_link_get_context(link);
    if (!inlet || !pn_delivery_readable(transfer) || pn_link_current(link) != transfer)
        return; /* an outcome, which is awaited */
    bool kept = read_part(b, inlet, transfer);
    inlet->is_partial = kept && pn_delivery_partial(transfer) && !pn_delivery_aborted(transfer);
    if (inlet->is_partial)
        return;
    if (!kept || pn_delivery_aborted(transfer)) {
        pn_link_advance(link);
        release_transfer(transfer);
    } else {
        pn_link_advance(link);
        if (inlet->queue == UINT_MAX)
            take_answer(inlet, transfer);
        else
            take_message(b, inlet, transfer);
    }
    inlet->part.size = 0;
    inlet->is_over = false;
}

/* ---- Receiving ---- */

static fl_delivery *take(fl_bus_inlet *inlet)
{
    fl_list *first = fl_list_take(&inlet->arrived);
    return first ? ((fl_bus_held *)(void *)first)->delivery : NULL;
}

static unsigned take_some(fl_bus_inlet *inlet, fl_delivery **out, unsigned most)
{
    unsigned count = 0;
    while (count < most && (out[count] = take(inlet)))
        count++;
    return count;
}

/* The transfer of a large message may go on after the last credit is gone. */
static bool is_drained(const void *arg)
{
    const fl_bus_inlet *inlet = arg;
    return !pn_link_draining(inlet->link) && !inlet->is_partial;
}

/* Credit that `watch` has left counts as well. */
static fl_broker_rc drain(fl_bus *b, fl_bus_inlet *inlet, unsigned most)
{
    int left = pn_link_credit(inlet->link) - pn_link_queued(inlet->link);
    pn_link_drain(inlet->link, (int)most > left ? (int)most - left : 0);
    fl_broker_rc rc = fl_bus_await(b, is_drained, inlet, "receive from");
    pn_link_set_drain(inlet->link, false);
    return rc;
}

/* Messages that the server may send, of all queues. */
static unsigned credit_of_all(const fl_bus *b)
{
    unsigned sum = 0;
    for (unsigned i = 0; i < b->config.queue_count; i++) {
        const pn_link_t *link = b->queues[i].inlet.link;
        int credit = link ? pn_link_credit((pn_link_t *)(uintptr_t)link) : 0;
        sum += credit > 0 ? (unsigned)credit : 0;
    }
    return sum;
}

void fl_bus_read_ahead(fl_bus *b, unsigned freed)
{
    unsigned used = b->unsettled - freed + credit_of_all(b);
    unsigned room = used < b->config.prefetch ? b->config.prefetch - used : 0;
    for (unsigned i = 0; i < b->config.queue_count; i++) {
        const fl_bus_inlet *inlet = &b->queues[i].inlet;
        int wanted = AHEAD - pn_link_credit(inlet->link);
        unsigned more = wanted < 0 ? 0 : (unsigned)wanted < room ? (unsigned)wanted : room;
        if (!inlet->is_ahead || !more)
            continue;
        pn_link_flow(inlet->link, (int)more);
        room -= more;
    }
}

/* While a queue is read ahead, what has come is enough, and the rest is on its way. */
fl_broker_rc fl_bus_receive(fl_broker *broker, unsigned queue, fl_delivery **out, unsigned most,
                            unsigned *count)
{
    fl_bus *b = fl_bus_of(broker);
    fl_bus_inlet *inlet = &b->queues[queue].inlet;
    fl_broker_rc rc = fl_bus_begin(b, NULL);
    if (b->queues[queue].sessions)
        return fl_bus_sessions_receive(b, queue, out, most, count);
    *count = take_some(inlet, out, most);
    if (*count < most && !b->is_ceased && !(inlet->is_ahead && *count)) {
        inlet->is_ahead = false;
        rc = b->is_broken ? fl_bus_failed(b, "receive from") : drain(b, inlet, most - *count);
        *count += take_some(inlet, out + *count, most - *count);
    }
    inlet->is_ahead |= *count == most && most >= LARGE && !b->is_ceased && !b->is_broken;
    if (inlet->is_ahead && !b->is_broken) {
        fl_bus_read_ahead(b, 0);
        fl_bus_turn_wire(b);
    }
    return rc;
}

void fl_bus_forget(fl_bus *b, fl_bus_held *held)
{
    pn_delivery_settle(held->transfer);
    held->transfer = NULL;
    b->unsettled--;
    fl_bus_session_done(b, held);
}

void fl_bus_drop(fl_bus *b, fl_bus_held *held)
{
    held->delivery->handle = NULL; /* or the service would release it */
    b->base.host->drop(b->base.host, held->delivery);
    free(held);
}

void fl_bus_give_back(fl_bus *b, int64_t before)
{
    for (unsigned i = 0; i < b->config.queue_count; i++) {
        fl_list *arrived = &b->queues[i].inlet.arrived;
        while (!fl_list_is_empty(arrived)) {
            fl_bus_held *held = (fl_bus_held *)(void *)arrived->next;
            if (before != FILCH_FOREVER && held->at >= before)
                break;
            fl_list_remove(&held->link);
            pn_delivery_update(held->transfer, PN_RELEASED);
            fl_bus_forget(b, held);
            fl_bus_drop(b, held);
        }
    }
}

fl_broker_rc fl_bus_cease(fl_broker *broker)
{
    fl_bus *b = fl_bus_of(broker);
    fl_broker_rc rc = FL_BROKER_OK;
    b->is_ceased = true;
    for (unsigned i = 0; i < b->config.queue_count; i++)
        b->queues[i].inlet.is_ahead = false;
    for (unsigned i = 0; i < b->config.queue_count && !rc; i++)
        if (b->queues[i].inlet.link && pn_link_credit(b->queues[i].inlet.link) > 0)
            rc = drain(b, &b->queues[i].inlet, 0);
    fl_bus_sessions_turn(b, true);
    fl_bus_give_back(b, FILCH_FOREVER);
    fl_bus_turn_wire(b);
    return rc;
}

/* ---- Waiting ---- */

static bool has_arrived(const fl_bus *b)
{
    for (unsigned i = 0; i < b->config.queue_count; i++)
        if (!fl_list_is_empty(&b->queues[i].inlet.arrived))
            return true;
    return false;
}

static void lower(int64_t *until, int64_t at)
{
    if (at < *until)
        *until = at;
}

/* The time of filch_now, as one of host->now. */
static int64_t host_time(const fl_bus *b, int64_t at)
{
    return at == FILCH_FOREVER ? at : b->base.host->now(b->base.host) + at - filch_now();
}

unsigned fl_bus_watch(fl_broker *broker, bool wants, struct pollfd *fds, unsigned room,
                      int64_t *until)
{
    fl_bus *b = fl_bus_of(broker);
    bool consumes = b->config.role == FL_BROKER_CONSUMES;
    if (wants && consumes && !b->is_ceased && !b->is_broken) {
        for (unsigned i = 0; i < b->config.queue_count; i++)
            if (b->queues[i].inlet.link && pn_link_credit(b->queues[i].inlet.link) == 0)
                pn_link_flow(b->queues[i].inlet.link, 1);
    }
    if (consumes && !b->is_broken) {
        fl_bus_sessions_watch(b, wants && !b->is_ceased, until);
        fl_bus_turn_wire(b);
    }
    if (b->is_broken || (wants && has_arrived(b)))
        *until = 0;
    lower(until, host_time(b, b->tick_at));
    lower(until, host_time(b, b->token_at));
    if (!room || (!wants && consumes))
        return 0;
    short out = pn_connection_driver_write_buffer(&b->driver).size ? POLLOUT : 0;
    fds[0] = (struct pollfd){.fd = b->fd, .events = (short)(POLLIN | out)};
    return 1;
}

/* A message that was read ahead for a service that then had no room is left to others after a quarter of
 * its lease. */
fl_broker_rc fl_bus_turn(fl_broker *broker)
{
    fl_bus *b = fl_bus_of(broker);
    fl_bus_turn_wire(b);
    if (b->is_broken)
        return fl_bus_failed(b, "stay connected to");
    fl_bus_free_detached(b);
    if (b->config.role == FL_BROKER_CONSUMES) {
        fl_bus_give_back(b, b->base.host->now(b->base.host) - b->config.lease / 4);
        fl_bus_sessions_turn(b, b->is_ceased);
        fl_bus_turn_wire(b);
    }
    fl_broker_rc rc = fl_bus_sessions_renew(b);
    return rc ? rc : fl_bus_renew_tokens(b);
}

/* ---- Leases ---- */

static bool is_of_session(const fl_delivery *delivery)
{
    return ((const fl_bus_held *)delivery->handle)->session;
}

/* The places of deliveries that are of this queue and still to be renewed. */
static unsigned pick(fl_delivery *const *batch, unsigned count, unsigned queue, unsigned *at,
                     fl_delivery **out)
{
    unsigned picked = 0;
    for (; *at < count && picked < FL_BUS_BATCH; ++*at)
        if (batch[*at]->queue == queue && !is_of_session(batch[*at]))
            out[picked++] = batch[*at];
    return picked;
}

fl_broker_rc fl_bus_extend(fl_broker *broker, fl_delivery *const *batch, unsigned count,
                           int64_t lease)
{
    fl_bus *b = fl_bus_of(broker);
    fl_delivery *some[FL_BUS_BATCH];
    fl_broker_rc rc = fl_bus_begin(b, "renew locks at");
    lease = lease < b->config.lease ? lease : b->config.lease; /* as long as those it receives */
    for (unsigned i = 0; i < count && !rc; i++)
        if (is_of_session(batch[i]))
            rc = fl_bus_session_extend(b, batch[i], lease);
    for (unsigned queue = 0; queue < b->config.queue_count && !rc; queue++)
        for (unsigned at = 0; at < count && !rc;) {
            unsigned picked = pick(batch, count, queue, &at, some);
            if (picked)
                rc = fl_bus_renew_locks(b, queue, some, picked, lease);
        }
    return rc;
}
