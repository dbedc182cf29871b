/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/service/http/otlp_encode.h>

#include <filch/base.h>

#include <inttypes.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum { DIGITS = 24, HEX_MOST = 2 * 16 + 1, FLAG_REMOTE_KNOWN = 0x100, FLAG_REMOTE = 0x200 };

/* ---- Values ---- */

/* int64, fixed64: a text of digits. */
static json_t *integer(int64_t value)
{
    char text[DIGITS];
    snprintf(text, sizeof text, "%" PRId64, value);
    return json_string(text);
}

static json_t *hex(const uint8_t *bytes, size_t size)
{
    char text[HEX_MOST];
    for (size_t i = 0; i < size; i++)
        snprintf(text + 2 * i, 3, "%02x", bytes[i]);
    return json_string(text);
}

static json_t *text_of(const char *value)
{
    json_t *text = json_string(value ? value : "");
    return text ? text : json_string("\xef\xbf\xbd"); /* it was not UTF-8 */
}

/* NaN and infinities are texts in the mapping. */
static json_t *real(double value)
{
    json_t *number = json_real(value);
    if (number)
        return number;
    return json_string(value > 0 ? "Infinity" : value < 0 ? "-Infinity" : "NaN");
}

static json_t *any_value(const filch_log_field *field)
{
    switch (field->kind) {
    case FILCH_LOG_KIND_INT:
        return json_pack("{so}", "intValue", integer(field->as.integer));
    case FILCH_LOG_KIND_FLOAT:
        return json_pack("{so}", "doubleValue", real(field->as.number));
    case FILCH_LOG_KIND_BOOL:
        return json_pack("{sb}", "boolValue", field->as.integer != 0);
    default:
        return json_pack("{so}", "stringValue", text_of(field->as.text));
    }
}

/* Appends; false: no memory. Takes the item. */
static bool put(json_t *list, json_t *item)
{
    return item && json_array_append_new(list, item) == 0;
}

static json_t *whole(json_t *list, bool good)
{
    if (good)
        return list;
    json_decref(list);
    return NULL;
}

static json_t *attributes(const filch_log_field *fields, size_t count)
{
    json_t *list = json_array();
    bool good = list;
    for (size_t i = 0; i < count && good; i++)
        good = put(list, json_pack("{so so}", "key", text_of(fields[i].name), "value",
                                   any_value(&fields[i])));
    return whole(list, good);
}

/* ---- Spans ---- */

static json_t *events(const filch_span_record *span)
{
    json_t *list = json_array();
    bool good = list;
    for (size_t i = 0; i < span->event_count && good; i++) {
        const filch_span_event *one = &span->events[i];
        good = put(list, json_pack("{so so so sI}", "timeUnixNano", integer(one->at), "name",
                                   text_of(one->name), "attributes",
                                   attributes(one->attributes, one->count),
                                   "droppedAttributesCount", (json_int_t)one->dropped));
    }
    return whole(list, good);
}

/* Their numbers in the .proto follow our order; a kind is one more, since 0 is "unspecified". */
static json_t *status(const filch_span_record *span)
{
    if (span->status != FILCH_SPAN_ERROR)
        return json_pack("{si}", "code", (int)span->status);
    return json_pack("{si so}", "code", (int)span->status, "message", text_of(span->message));
}

static json_t *span_of(const filch_span_record *span)
{
    static const uint8_t none[sizeof span->parent];
    bool has_parent = memcmp(span->parent, none, sizeof none) != 0;
    unsigned flags = span->trace.flags | FLAG_REMOTE_KNOWN | (span->remote ? FLAG_REMOTE : 0);
    json_t *all =
        json_pack("{so so so si si so so so sI so sI so}", "traceId",
                  hex(span->trace.trace, sizeof span->trace.trace), "spanId",
                  hex(span->trace.span, sizeof span->trace.span), "name", text_of(span->name),
                  "flags", (int)flags, "kind", (int)span->kind + 1, "startTimeUnixNano",
                  integer(span->began), "endTimeUnixNano", integer(span->ended), "attributes",
                  attributes(span->attributes, span->count), "droppedAttributesCount",
                  (json_int_t)span->dropped_attributes, "events", events(span),
                  "droppedEventsCount", (json_int_t)span->dropped_events, "status", status(span));
    if (all && has_parent)
        json_object_set_new(all, "parentSpanId", hex(span->parent, sizeof span->parent));
    if (all && *span->state)
        json_object_set_new(all, "traceState", text_of(span->state));
    return all;
}

char *fl_otlp_encode(const char *service_name, const filch_span_record *const *spans, size_t count)
{
    const filch_log_field name = filch_log_text("service.name", service_name);
    json_t *list = json_array();
    bool good = list;
    for (size_t i = 0; i < count && good; i++)
        good = put(list, span_of(spans[i]));
    json_t *all = json_pack("{s[{s{so} s[{s{ss ss} so}]}]}", "resourceSpans", "resource",
                            "attributes", attributes(&name, 1), "scopeSpans", "scope", "name",
                            "filch", "version", filch_version(), "spans", whole(list, good));
    char *text = all ? json_dumps(all, JSON_COMPACT | JSON_SORT_KEYS) : NULL;
    json_decref(all);
    return text;
}
