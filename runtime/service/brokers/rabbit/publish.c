/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Publications and their confirmations.
 *
 * The race: a copy goes to a queue that does not exist. RabbitMQ returns the message, and then confirms it
 * like any other. A confirmation alone is therefore no proof that the copy is stored, and
 * acknowledging the original of a returned copy would lose the job. For messages of one channel,
 * RabbitMQ keeps this order:
 *
 *   publish n  ->  [return of n, without its number]  ->  ack or nack of n, or of all up to a number >= n
 *
 * So a copy that is confirmed and was not returned before is in a queue. A return does not name its
 * message in the protocol, and message ids of others may be missing or used twice. So each publication has
 * a header with its number (x-filch-copy), which comes back with the message and is not a header of the
 * job. A return moves the copy of that number from SENT to RETURNED; its confirmation then
 * makes it -ENOENT, and it is sent again when its queue is declared. A return whose number is below those
 * of the batch belongs to a batch that was given up. A return without a copy means that one of the
 * confirmations could be wrong: the whole batch fails, and the connection with it. */
#include <runtime/service/brokers/rabbit/rabbit.h>

#include <runtime/service/broker.h>

#include <filch/timer.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* A blocked server may still confirm publications that it has read. */
static const int64_t PATIENCE = 100 * FILCH_MILLISECOND;

static const char doing[] = "publish to";

/* ---- Confirmations ---- */

void fl_rabbit_on_confirm(fl_rabbit_wire *wire, uint64_t number, bool multiple, int status)
{
    fl_rabbit_pending *pending = wire->pending; /* NULL: of a batch that was given up */
    for (unsigned i = 0; pending && i < pending->count; i++) {
        fl_rabbit_copy *copy = &pending->copies[i];
        bool is_meant = copy->number == number || (multiple && copy->number < number);
        if (!is_meant || (copy->status != FL_RABBIT_SENT && copy->status != FL_RABBIT_RETURNED))
            continue;
        copy->status = copy->status == FL_RABBIT_RETURNED ? -ENOENT : status;
        pending->open--;
    }
}

static fl_broker_rc fail_batch(fl_rabbit *r, fl_rabbit_wire *wire)
{
    const fl_broker_host *host = r->base.host;
    fl_rabbit_pending *pending = wire->pending;
    for (unsigned i = 0; i < pending->count; i++)
        if (pending->copies[i].number >= pending->first)
            pending->copies[i].status = -EAGAIN;
    wire->broken = true;
    return host->explain(
        host, FL_BROKER_LOST,
        "RabbitMQ at %s:%d returned a message without its number (x-filch-copy); its "
        "batch is sent again. Check that no proxy or plugin removes headers",
        r->url.place.host, r->url.port);
}

fl_broker_rc fl_rabbit_on_return(fl_rabbit *r, fl_rabbit_wire *wire, uint64_t number)
{
    fl_rabbit_pending *pending = wire->pending;
    if (!pending || (number && number < pending->first))
        return FL_BROKER_OK;
    for (unsigned i = 0; i < pending->count; i++) {
        fl_rabbit_copy *copy = &pending->copies[i];
        if (copy->status == FL_RABBIT_SENT && copy->number == number) {
            copy->status = FL_RABBIT_RETURNED;
            return FL_BROKER_OK;
        }
    }
    return fail_batch(r, wire);
}

/* ---- Sending ---- */

static fl_broker_rc send_one(fl_rabbit *r, fl_rabbit_wire *wire, fl_rabbit_copy *copy)
{
    fl_rabbit_encoded encoded;
    char name[FL_RABBIT_NAME_BYTES];
    const filch_message *message = copy->message;
    copy->number = wire->published + 1;
    int status = 0, error = fl_rabbit_encode(r, copy, &encoded);
    if (!error && !fl_rabbit_name(name, &copy->target))
        error = -EMSGSIZE;
    copy->status = error;
    if (!error) {
        copy->status = FL_RABBIT_SENT;
        wire->published++;
        wire->pending->open++;
        status = amqp_basic_publish(wire->state, FL_RABBIT_REQUESTS, amqp_empty_bytes,
                                    amqp_cstring_bytes(name), 1, 0, &encoded.properties,
                                    (amqp_bytes_t){message->body_size,
                                                   (void *)(uintptr_t)message->body});
    }
    fl_rabbit_encoded_end(&encoded);
    return status ? fl_rabbit_broken(r, wire, doing, status) : FL_BROKER_OK;
}

static fl_broker_rc is_blocked(const fl_rabbit *r)
{
    const fl_broker_host *host = r->base.host;
    return host->explain(host, FL_BROKER_BUSY,
                         "RabbitMQ at %s:%d takes no publications: it is short of memory or disk; "
                         "see its alarms",
                         r->url.place.host, r->url.port);
}

static fl_broker_rc wait_for_confirmations(fl_rabbit *r, fl_rabbit_wire *wire)
{
    bool any;
    fl_broker_rc rc = FL_BROKER_OK;
    int64_t until = filch_in(r->config.call_timeout);
    while (wire->pending->open && !rc) {
        int64_t left = until - filch_now();
        if (left <= 0)
            return fl_rabbit_broken(r, wire, doing, AMQP_STATUS_TIMEOUT);
        rc = fl_rabbit_read(r, wire, wire->blocked && left > PATIENCE ? PATIENCE : left, &any);
        if (!rc && !any && wire->blocked)
            return is_blocked(r);
    }
    return rc;
}

/* Sends those whose status is -ENOENT; it is so again where there is no such queue, and -ENOSPC
 * where the queue refuses them. */
static fl_broker_rc send_missing(fl_rabbit *r, fl_rabbit_wire *wire, fl_rabbit_copy *batch,
                                 unsigned count)
{
    fl_broker_rc rc = FL_BROKER_OK;
    fl_rabbit_pending pending = {.count = count, .copies = batch};
    if (!wire->confirms) {
        amqp_confirm_select(wire->state, FL_RABBIT_REQUESTS);
        rc = fl_rabbit_answer(r, wire, doing, FL_RABBIT_REQUESTS, NULL);
        wire->confirms = !rc;
    }
    pending.first = wire->published + 1;
    wire->pending = &pending;
    for (unsigned i = 0; i < count && !rc; i++)
        if (batch[i].status == -ENOENT)
            rc = send_one(r, wire, &batch[i]);
    if (!rc)
        rc = wait_for_confirmations(r, wire);
    wire->pending = NULL;
    return rc;
}

/* *any: some are to be sent again. */
static fl_broker_rc declare_missing(fl_rabbit *r, fl_rabbit_wire *wire, const fl_rabbit_copy *batch,
                                    unsigned count, bool *any)
{
    fl_broker_rc rc = FL_BROKER_OK;
    *any = false;
    for (unsigned i = 0; i < count && !rc; i++)
        if (batch[i].status == -ENOENT) {
            *any = true;
            rc = fl_rabbit_declare(r, wire, &batch[i].target);
        }
    return rc;
}

/* A quorum queue that another connection is creating refuses messages, as a full one does. Its
 * declaration is answered when it has begun. A full one refuses them again. */
static void try_refused_again(fl_rabbit_copy *batch, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        if (batch[i].status == -ENOSPC)
            batch[i].status = -ENOENT;
}

fl_broker_rc fl_rabbit_send(fl_rabbit *r, fl_rabbit_wire *wire, fl_rabbit_copy *batch,
                            unsigned count)
{
    bool missing;
    for (unsigned i = 0; i < count; i++)
        batch[i].status = batch[i].status ? batch[i].status : -ENOENT;
    fl_broker_rc rc = fl_rabbit_drain(r, wire);
    if (!rc && wire->blocked)
        rc = is_blocked(r);
    for (unsigned i = 0; i < count && !rc; i++)
        rc = fl_rabbit_prepare(r, wire, &batch[i].target);
    if (!rc)
        rc = send_missing(r, wire, batch, count);
    try_refused_again(batch, count);
    if (!rc)
        rc = declare_missing(r, wire, batch, count, &missing);
    if (!rc && missing)
        rc = send_missing(r, wire, batch, count);
    for (unsigned i = 0; i < count; i++)
        if (batch[i].status > 0 || batch[i].status == -ENOENT)
            batch[i].status = -EAGAIN;
    return rc;
}

/* ---- Publishing ---- */

static fl_rabbit_copy copy_of(const fl_rabbit *r, const fl_publication *one)
{
    const fl_broker_host *host = r->base.host;
    const filch_message *message = one->message;
    fl_rabbit_copy copy = {.message = message,
                           .original = one->copy_of ? one->copy_of : one->letter,
                           .target = {message->queue, FL_RABBIT_WORK, 0}};
    if (message->delay > 0) {
        copy.target = fl_rabbit_rung(message->queue, message->delay);
        copy.due = host->unix_time(host) + message->delay;
    }
    if (message->priority || message->dedup || message->expires)
        copy.status = -ENOTSUP;
    return copy;
}

/* Copies of a consumer go by a wire of their own. */
static fl_broker_rc send_part(fl_rabbit *r, const fl_publication *batch, fl_rabbit_copy *copies,
                              unsigned count)
{
    bool is_main = !batch->copy_of;
    fl_broker_rc rc = FL_BROKER_OK;
    for (unsigned i = 0; i < count; i++)
        copies[i] = copy_of(r, &batch[i]);
    if (!is_main && !r->copies.state)
        rc = fl_rabbit_connect(r, &r->copies);
    for (unsigned i = 0; i < count && rc; i++)
        copies[i].status = -EAGAIN;
    return rc ? rc : fl_rabbit_send(r, is_main ? &r->main : &r->copies, copies, count);
}

fl_broker_rc fl_rabbit_publish(fl_broker *broker, fl_publication *batch, unsigned count)
{
    enum { COPIES = 100 };
    fl_rabbit_copy copies[COPIES];
    fl_rabbit *r = fl_rabbit_of(broker);
    fl_broker_rc rc = FL_BROKER_OK;
    for (unsigned at = 0; at < count; at += COPIES) {
        unsigned used = rc ? 0 : count - at < COPIES ? count - at : COPIES;
        if (used)
            rc = send_part(r, batch + at, copies, used);
        for (unsigned i = 0; i < COPIES && at + i < count; i++)
            batch[at + i].status = i < used ? copies[i].status : -EAGAIN;
    }
    return rc;
}
