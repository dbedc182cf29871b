/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Messages for Service Bus: the id, type and content type are properties, headers are application
 * properties, the body is one data section. */
#include <runtime/service/brokers/servicebus/servicebus.h>

#include <runtime/service/broker.h>
#include <runtime/service/brokers/servicebus/session.h>

#include <filch/traceparent.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <proton/error.h>

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

/* The session is a property. */
static bool is_session(const filch_header *header)
{
    return strcasecmp(header->name, FL_BUS_SESSION_HEADER) == 0;
}

static void put_headers(pn_data_t *map, const filch_message *message)
{
    for (size_t i = 0; i < message->header_count; i++)
        if (!is_session(&message->headers[i]))
            fl_bus_put_pair(map, message->headers[i].name, message->headers[i].value);
}

static void put_properties(pn_data_t *map, const fl_bus_copy *copy)
{
    char trace[FILCH_TRACEPARENT_TEXT];
    const filch_message *message = copy->message;
    pn_data_put_map(map);
    pn_data_enter(map);
    put_headers(map, message);
    pn_data_put_string(map, fl_bus_text(FL_BUS_ATTEMPT));
    pn_data_put_long(map, message->attempt);
    pn_data_put_string(map, fl_bus_text(FL_BUS_FIRST_SEEN));
    pn_data_put_long(map, message->first_seen);
    if (!filch_message_header(message, "traceparent")) { /* which has won */
        if (filch_traceparent_format(&message->trace, trace) == 0)
            fl_bus_put_pair(map, "traceparent", trace);
        if (message->tracestate)
            fl_bus_put_pair(map, "tracestate", message->tracestate);
    }
    if (copy->token && message->id)
        fl_bus_put_pair(map, FL_BUS_ID, message->id);
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

static void put_id(pn_message_t *to, const fl_bus_copy *copy)
{
    char token[FL_BUS_TOKEN_TEXT];
    const char *id = copy->message->id;
    if (copy->token) {
        fl_bus_spell_token(token, copy->token);
        id = token;
    }
    if (id)
        pn_message_set_id(to, (pn_msgid_t){.type = PN_STRING, .u.as_bytes = fl_bus_text(id)});
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
        if (!is_utf8(message->headers[i].name) ||
            (is_session(&message->headers[i]) && !is_utf8(message->headers[i].value)))
            return -ENOTSUP;
    pn_message_clear(to);
    pn_message_set_durable(to, true);
    pn_message_set_inferred(to, true);
    const char *session = filch_message_header(message, FL_BUS_SESSION_HEADER);
    if (session || b->url.sessions)
        pn_message_set_group_id(to, session ? session : message->queue);
    put_id(to, copy);
    if (message->type)
        pn_message_set_subject(to, message->type);
    if (message->content_type)
        pn_message_set_content_type(to, message->content_type);
    put_properties(pn_message_properties(to), copy);
    if (message->delay > 0)
        put_schedule(b, message->delay);
    pn_data_put_binary(pn_message_body(to),
                       pn_bytes(message->body_size, message->body ? message->body : ""));
    return fl_bus_encode(b);
}
