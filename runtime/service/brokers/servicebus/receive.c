/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <filch/timer.h>
#include <runtime/service/broker.h>
#include <runtime/service/brokers/servicebus/servicebus.h>
#include <runtime/service/brokers/servicebus/session.h>
#include <runtime/service/job.h>
#include <runtime/service/message.h>

#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

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

/* ---- Reading ---- */

/* Messages from Service Bus: of filch (message.c) and of other programs. */

enum { DIGITS = 32 };

typedef struct reading {
    filch_message message;
    char *texts, *packed; /* where the next one goes */
    int64_t locked_until;
    char id[FL_BUS_TOKEN_TEXT];
} reading;

static bool begins(pn_bytes_t key, const char *with)
{
    return key.size >= strlen(with) && strncasecmp(key.start, with, strlen(with)) == 0;
}

static bool is_named(pn_bytes_t key, const char *name)
{
    return key.size == strlen(name) && begins(key, name);
}

static char *append(char **at, pn_bytes_t bytes)
{
    char *text = *at;
    if (bytes.size)
        memcpy(text, bytes.start, bytes.size);
    text[bytes.size] = '\0';
    *at += bytes.size + 1;
    return text;
}

static bool is_text(pn_type_t type)
{
    return type == PN_STRING || type == PN_BINARY || type == PN_SYMBOL;
}

/* false: it is no integer. */
static bool number_of(pn_data_t *data, int64_t *out)
{
    pn_atom_t atom = pn_data_get_atom(data);
    switch (atom.type) {
    case PN_BOOL:
        *out = atom.u.as_bool;
        return true;
    case PN_UBYTE:
        *out = atom.u.as_ubyte;
        return true;
    case PN_BYTE:
        *out = atom.u.as_byte;
        return true;
    case PN_USHORT:
        *out = atom.u.as_ushort;
        return true;
    case PN_SHORT:
        *out = atom.u.as_short;
        return true;
    case PN_UINT:
        *out = atom.u.as_uint;
        return true;
    case PN_INT:
        *out = atom.u.as_int;
        return true;
    case PN_ULONG:
        *out = (int64_t)atom.u.as_ulong;
        return true;
    case PN_LONG:
        *out = atom.u.as_long;
        return true;
    case PN_TIMESTAMP:
        *out = atom.u.as_timestamp;
        return true;
    default:
        return false;
    }
}

static void read_own(reading *r, pn_bytes_t key, pn_data_t *value)
{
    int64_t number;
    pn_bytes_t text = pn_data_get_bytes(value);
    bool is_number = number_of(value, &number);
    if (is_number && is_named(key, FL_BUS_ATTEMPT) && number > 0 && number <= UINT16_MAX)
        r->message.attempt = (unsigned)number;
    else if (is_number && is_named(key, FL_BUS_FIRST_SEEN))
        r->message.first_seen = number;
    else if (is_text(pn_data_type(value)) && is_named(key, FL_BUS_ID) && text.size)
        r->message.id = append(&r->texts, text);
}

/* A header: a text, or a number as its digits. Others are left out. */
static void read_property(reading *r, pn_bytes_t key, pn_data_t *value)
{
    int64_t number;
    char digits[DIGITS];
    pn_bytes_t text = pn_data_get_bytes(value);
    if (begins(key, FL_BUS_OWN)) {
        read_own(r, key, value);
        return;
    }
    if (number_of(value, &number))
        text = pn_bytes((size_t)snprintf(digits, sizeof digits, "%" PRId64, number), digits);
    else if (!is_text(pn_data_type(value)))
        return;
    if (memchr(key.start, '\0', key.size) || (text.size && memchr(text.start, '\0', text.size)))
        return;
    append(&r->packed, key);
    append(&r->packed, text);
}

static void read_map(pn_data_t *map, reading *r, void (*read)(reading *, pn_bytes_t, pn_data_t *))
{
    pn_data_rewind(map);
    if (!pn_data_next(map) || pn_data_type(map) != PN_MAP || !pn_data_enter(map))
        return;
    while (pn_data_next(map)) {
        bool is_key = is_text(pn_data_type(map));
        pn_bytes_t key = pn_data_get_bytes(map);
        if (!pn_data_next(map))
            return;
        if (is_key && key.size)
            read(r, key, map);
    }
}

static void read_annotation(reading *r, pn_bytes_t key, pn_data_t *value)
{
    int64_t number;
    if (!number_of(value, &number))
        return;
    if (is_named(key, "x-opt-locked-until"))
        r->locked_until = number;
    else if (is_named(key, "x-opt-enqueued-time") && !r->message.first_seen)
        r->message.first_seen = number * FILCH_MILLISECOND;
}

/* An id that is no text becomes one; a message without one has its first lock token. */
static void read_id(reading *r, pn_message_t *from, const char token[FL_BUS_TAG])
{
    char digits[DIGITS];
    pn_msgid_t id = pn_message_get_id(from);
    if (is_text(id.type) && id.u.as_bytes.size) {
        r->message.id = append(&r->texts, id.u.as_bytes);
    } else if (id.type == PN_ULONG) {
        int size = snprintf(digits, sizeof digits, "%" PRIu64, id.u.as_ulong);
        r->message.id = append(&r->texts, pn_bytes((size_t)size, digits));
    } else {
        fl_bus_spell_token(r->id, id.type == PN_UUID ? id.u.as_uuid.bytes : token);
        r->message.id = r->id;
    }
}

/* false: it has a body that is no bytes. */
static bool body_of(pn_message_t *from, pn_bytes_t *out)
{
    pn_data_t *body = pn_message_body(from);
    *out = pn_bytes(0, NULL);
    pn_data_rewind(body);
    if (!pn_data_next(body) || pn_data_type(body) == PN_NULL)
        return true;
    if (!is_text(pn_data_type(body)))
        return false;
    *out = pn_data_get_bytes(body);
    return true;
}

/* The largest room of the texts: no text is longer than its encoding but for a NUL, and digits. */
static size_t room_of(size_t encoded)
{
    return (encoded + 1) * DIGITS / 2;
}

int64_t fl_bus_lease_until(const fl_bus *b, int64_t locked_until, int64_t lease)
{
    const fl_broker_host *host = b->base.host;
    int64_t from = host->unix_time(host) / FILCH_MILLISECOND + 1, left = lease; /* if unsaid */
    if (locked_until && locked_until <= from)
        left = 0;
    else if (locked_until && locked_until - from < lease / FILCH_MILLISECOND) /* no overflow */
        left = (locked_until - from) * FILCH_MILLISECOND;
    return host->now(host) + left;
}

static fl_delivery *deliver(fl_bus *b, reading *r, unsigned queue, const char *packed)
{
    pn_bytes_t body;
    const char *malformed = body_of(b->incoming, &body)
                                ? NULL
                                : "the body is a value of AMQP, and neither bytes nor a text";
    size_t size = body.size;
    r->message.body = body.start;
    r->message.body_size = size > b->config.body_most ? 0 : size;
    size_t used = (size_t)(r->packed - packed);
    bool is_long = used > b->config.header_most;
    if (is_long)
        malformed = "the headers are longer than the service reads";
    fl_delivery *delivery =
        fl_headers_deliver(&b->config, queue, r->message, packed, is_long ? 0 : used, size);
    if (delivery && malformed)
        delivery->malformed = malformed;
    if (delivery)
        delivery->lease_until = fl_bus_lease_until(b, r->locked_until, b->config.lease);
    return delivery;
}

fl_delivery *fl_bus_decode(fl_bus *b, const fl_bus_inlet *inlet, const char token[FL_BUS_TAG])
{
    pn_message_t *from = b->incoming;
    int error = inlet->is_over ? -1 : pn_message_decode(from, inlet->part.at, inlet->part.size);
    if (error)
        pn_message_clear(from);
    pn_bytes_t body;
    body_of(from, &body);
    size_t room = room_of(error ? 0 : inlet->part.size - body.size) + sizeof FL_BUS_SESSION_HEADER;
    char *texts = malloc(2 * room);
    if (!texts)
        return NULL;
    reading r = {.texts = texts, .packed = texts + room};
    const char *packed = r.packed, *type = pn_message_get_subject(from);
    const char *content = pn_message_get_content_type(from);
    const char *session = pn_message_get_group_id(from);
    if (session && *session) {
        append(&r.packed, fl_bus_text(FL_BUS_SESSION_HEADER));
        append(&r.packed, fl_bus_text(session));
    }
    read_map(pn_message_properties(from), &r, read_property);
    read_map(pn_message_annotations(from), &r, read_annotation);
    if (!r.message.id)
        read_id(&r, from, token);
    r.message.type = type && *type ? type : NULL;
    r.message.content_type = content && *content ? content : NULL;
    if (inlet->session)
        r.locked_until = inlet->session->locked_until;
    r.message.deliveries = pn_message_get_delivery_count(from) + 1;
    if (!r.message.attempt)
        r.message.attempt = 1;
    fl_delivery *delivery = deliver(b, &r, inlet->queue, packed);
    free(texts);
    if (delivery && error)
        delivery->malformed = inlet->is_over ? "the message is longer than the service reads"
                                             : "not a message of AMQP 1.0";
    return delivery;
}
