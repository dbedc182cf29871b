/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Messages as Service Bus has them: the id, type and content type are properties, headers are
 * application properties, the body is one data section. */
#include <runtime/service/brokers/servicebus.h>

#include <runtime/service/broker.h>
#include <runtime/service/headers.h>

#include <filch/timer.h>
#include <filch/trace.h>

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <proton/error.h>

/* Application properties of filch's own. */
static const char own_prefix[] = "x-filch-", key_attempt[] = "x-filch-attempt",
                  key_first_seen[] = "x-filch-first-seen", key_trace[] = "x-filch-trace",
                  key_tracestate[] = "x-filch-tracestate";

enum { DIGITS = 32, UUID_TEXT = 33 };

/* ---- Writing ---- */

/* Bytes of a sequence that begins with this one; 0: none does (RFC 3629). */
static unsigned sequence_of(unsigned char first)
{
    return first < 0x80   ? 1
           : first < 0xc2 ? 0
           : first < 0xe0 ? 2
           : first < 0xf0 ? 3
           : first < 0xf5 ? 4
                          : 0;
}

static bool is_utf8(const char *text)
{
    for (const unsigned char *at = (const unsigned char *)text; *at;) {
        unsigned size = sequence_of(*at);
        if (!size || (at[0] == 0xe0 && at[1] < 0xa0) || (at[0] == 0xed && at[1] >= 0xa0) ||
            (at[0] == 0xf0 && at[1] < 0x90) || (at[0] == 0xf4 && at[1] >= 0x90))
            return false;
        for (at++; --size; at++)
            if ((*at & 0xc0) != 0x80)
                return false;
    }
    return true;
}

static void put_text(pn_data_t *data, const char *text)
{
    if (is_utf8(text))
        pn_data_put_string(data, fl_bus_text(text));
    else
        pn_data_put_binary(data, fl_bus_text(text));
}

void fl_bus_put_pair(pn_data_t *map, const char *name, const char *value)
{
    pn_data_put_string(map, fl_bus_text(name));
    put_text(map, value);
}

static void put_headers(pn_data_t *map, const fl_bus_copy *copy)
{
    const filch_message *message = copy->message;
    for (unsigned i = 0; i < copy->more_count; i++)
        fl_bus_put_pair(map, copy->more[i].name, copy->more[i].value);
    for (size_t i = 0; i < message->header_count; i++) {
        unsigned k = 0;
        while (k < copy->more_count &&
               strcasecmp(copy->more[k].name, message->headers[i].name) != 0)
            k++;
        if (k == copy->more_count)
            fl_bus_put_pair(map, message->headers[i].name, message->headers[i].value);
    }
}

static void put_properties(pn_data_t *map, const fl_bus_copy *copy)
{
    char trace[FILCH_TRACE_TEXT];
    const filch_message *message = copy->message;
    pn_data_put_map(map);
    pn_data_enter(map);
    put_headers(map, copy);
    pn_data_put_string(map, fl_bus_text(key_attempt));
    pn_data_put_long(map, copy->attempt);
    pn_data_put_string(map, fl_bus_text(key_first_seen));
    pn_data_put_long(map, message->first_seen);
    if (filch_trace_format(&message->trace, trace) == 0)
        fl_bus_put_pair(map, key_trace, trace);
    if (message->tracestate)
        fl_bus_put_pair(map, key_tracestate, message->tracestate);
    pn_data_exit(map);
}

static void put_schedule(fl_bus *b, int64_t delay)
{
    static const char name[] = "x-opt-scheduled-enqueue-time";
    pn_data_t *annotations = pn_message_annotations(b->message);
    int64_t due = b->base.host->unix_time(b->base.host) + delay;
    pn_data_put_map(annotations);
    pn_data_enter(annotations);
    pn_data_put_symbol(annotations, pn_bytes(sizeof name - 1, name));
    pn_data_put_timestamp(annotations, (due + FILCH_MILLISECOND - 1) / FILCH_MILLISECOND);
    pn_data_exit(annotations);
}

/* Doubles the room until the message fits: proton does not tell how much it needs. */
int fl_bus_encode(fl_bus *b)
{
    enum { ROOM = 4096 };
    for (size_t room = b->out.room ? b->out.room : ROOM;; room *= 2) {
        if (room > b->out.room) {
            char *more = realloc(b->out.at, room);
            if (!more)
                return -EAGAIN;
            b->out.at = more;
            b->out.room = room;
        }
        b->out.size = b->out.room;
        int status = pn_message_encode(b->message, b->out.at, &b->out.size);
        if (status != PN_OVERFLOW)
            return status ? -EAGAIN : 0;
    }
}

int fl_bus_encode_copy(fl_bus *b, const fl_bus_copy *copy)
{
    const filch_message *message = copy->message;
    pn_message_t *to = b->message;
    const char *const texts[] = {message->id, message->type, message->content_type};
    for (unsigned i = 0; i < sizeof texts / sizeof *texts; i++)
        if (texts[i] && !is_utf8(texts[i]))
            return -ENOTSUP;
    for (size_t i = 0; i < message->header_count; i++)
        if (!is_utf8(message->headers[i].name))
            return -ENOTSUP;
    pn_message_clear(to);
    pn_message_set_durable(to, true);
    pn_message_set_inferred(to, true);
    if (message->id)
        pn_message_set_id(to,
                          (pn_msgid_t){.type = PN_STRING, .u.as_bytes = fl_bus_text(message->id)});
    if (message->type)
        pn_message_set_subject(to, message->type);
    if (message->content_type)
        pn_message_set_content_type(to, message->content_type);
    put_properties(pn_message_properties(to), copy);
    if (copy->delay > 0)
        put_schedule(b, copy->delay);
    pn_data_put_binary(pn_message_body(to),
                       pn_bytes(message->body_size, message->body ? message->body : ""));
    return fl_bus_encode(b);
}

/* ---- Reading ---- */

typedef struct reading {
    filch_message message;
    char *texts, *packed; /* where the next one goes */
    int64_t locked_until;
    char id[UUID_TEXT];
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
    if (is_number && is_named(key, key_attempt) && number > 0 && number <= UINT16_MAX)
        r->message.attempt = (unsigned)number;
    else if (is_number && is_named(key, key_first_seen))
        r->message.first_seen = number;
    else if (is_text(pn_data_type(value)) && is_named(key, key_trace))
        filch_trace_parse(&r->message.trace, text.start, text.size);
    else if (is_text(pn_data_type(value)) && is_named(key, key_tracestate))
        r->message.tracestate = append(&r->texts, text);
}

/* A header: a text, or a number as its digits. Others are left out. */
static void read_property(reading *r, pn_bytes_t key, pn_data_t *value)
{
    int64_t number;
    char digits[DIGITS];
    pn_bytes_t text = pn_data_get_bytes(value);
    if (begins(key, own_prefix)) {
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
        const char *bytes = id.type == PN_UUID ? id.u.as_uuid.bytes : token;
        for (unsigned i = 0; i < FL_BUS_TAG; i++)
            snprintf(r->id + 2 * i, 3, "%02x", (unsigned char)bytes[i]);
        r->message.id = r->id;
    }
}

static pn_bytes_t body_of(pn_message_t *from)
{
    pn_data_t *body = pn_message_body(from);
    pn_data_rewind(body);
    return pn_data_next(body) && is_text(pn_data_type(body)) ? pn_data_get_bytes(body)
                                                             : pn_bytes(0, NULL);
}

/* The largest room of the texts: no text is longer than its encoding but for a NUL, and digits. */
static size_t room_of(size_t encoded)
{
    return (encoded + 1) * DIGITS / 2;
}

int64_t fl_bus_lease_until(const fl_bus *b, int64_t locked_until, int64_t lease)
{
    const fl_broker_host *host = b->base.host;
    int64_t left = locked_until * FILCH_MILLISECOND - host->unix_time(host);
    return host->now(host) + (left < lease ? left : lease);
}

static fl_delivery *deliver(fl_bus *b, reading *r, unsigned queue, const char *packed)
{
    const char *malformed = NULL;
    pn_bytes_t body = body_of(b->incoming);
    size_t size = body.size;
    r->message.body = body.start;
    r->message.body_size = size > b->config.body_most ? 0 : size;
    size_t used = (size_t)(r->packed - packed);
    if (used > b->config.header_most)
        malformed = "the headers are longer than the service reads";
    fl_delivery *delivery =
        fl_headers_deliver(&b->config, queue, r->message, packed, malformed ? 0 : used, size);
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
    size_t room = room_of(error ? 0 : inlet->part.size - body_of(from).size);
    char *texts = malloc(2 * room);
    if (!texts)
        return NULL;
    reading r = {.texts = texts, .packed = texts + room};
    const char *packed = r.packed, *type = pn_message_get_subject(from);
    const char *content = pn_message_get_content_type(from);
    read_map(pn_message_properties(from), &r, read_property);
    read_map(pn_message_annotations(from), &r, read_annotation);
    read_id(&r, from, token);
    r.message.type = type && *type ? type : NULL;
    r.message.content_type = content && *content ? content : NULL;
    r.message.deliveries = pn_message_get_delivery_count(from) + 1;
    if (!r.message.attempt)
        r.message.attempt = 1;
    fl_delivery *delivery = deliver(b, &r, inlet->queue, packed);
    free(texts);
    if (delivery && error)
        delivery->malformed = inlet->is_over ? "the message is longer than the service reads"
                                             : "no message of AMQP 1.0";
    return delivery;
}
