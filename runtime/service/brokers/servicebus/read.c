/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Messages from Service Bus: of filch (servicebus_message.c) and of other programs. */
#include <runtime/service/brokers/servicebus/servicebus.h>

#include <runtime/service/broker.h>
#include <runtime/service/brokers/servicebus/session.h>
#include <runtime/service/message.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

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
                                             : "no message of AMQP 1.0";
    return delivery;
}
