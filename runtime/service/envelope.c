/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The JSON envelope {"id", "type", "payload"}, as Go's encoding/json reads it: the last of two
 * members of one name counts, and null is no text. jansson checks the whole body; the payload is then
 * cut out as it stands, so that a handler gets numbers with all their digits. The depth is checked
 * before jansson sees the body, because its limit is fixed at its own build (2048). */
#include <runtime/service/message.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef FILCH_HAVE_JANSSON
#include <jansson.h>

/* A place in a JSON text. */
typedef struct scanner {
    const char *at, *end;
    unsigned depth;
} scanner;

/* Behind the string whose first quote is at `at`; the end if it is not closed. */
static const char *skip_string(const char *at, const char *end)
{
    for (at++; at < end && *at != '"'; at++)
        if (*at == '\\' && at + 1 < end)
            at++;
    return at < end ? at + 1 : end;
}

/* Moves behind the next string, bracket or other character. */
static char step(scanner *s)
{
    char c = *s->at;
    if (c == '"') {
        s->at = skip_string(s->at, s->end);
        return c;
    }
    s->depth += c == '{' || c == '[';
    s->depth -= (c == '}' || c == ']') && s->depth;
    s->at++;
    return c;
}

bool fl_json_is_too_deep(const char *body, size_t size)
{
    scanner s = {body, body + size, 0};
    while (s.at < s.end) {
        step(&s);
        if (s.depth > FL_JSON_DEPTH_MOST)
            return true;
    }
    return false;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

const char *fl_json_payload(const char *body, size_t size, size_t *length)
{
    static const char key[] = "\"payload\"";
    scanner s = {body, body + size, 0};
    const char *payload = NULL, *last = NULL;
    bool is_key = false;
    while (s.at < s.end) {
        const char *from = s.at;
        unsigned depth = s.depth;
        char c = step(&s);
        if (depth != 1 && s.depth != 1)
            continue;
        if (payload && depth == 1 && (c == ',' || c == '}')) {
            while (is_blank(from[-1]))
                from--;
            *length = (size_t)(from - payload);
            last = payload;
            payload = NULL;
        }
        if (payload || is_blank(c))
            continue;
        if (c == ':' && is_key) {
            for (payload = s.at; is_blank(*payload);)
                payload++;
            s.at = payload;
        }
        is_key = c == '"' && (size_t)(s.at - from) == sizeof key - 1 &&
                 memcmp(from, key, sizeof key - 1) == 0;
    }
    return last;
}

/* NULL: it is missing, no text, empty, or holds a NUL. */
static const char *text_of(const json_t *object, const char *name)
{
    const json_t *value = json_object_get(object, name);
    const char *text = json_string_value(value);
    return text && *text && strlen(text) == json_string_length(value) ? text : NULL;
}

/* Is a member absent, null or the empty text, which all mean the same? */
static bool is_absent(const json_t *object, const char *name)
{
    const json_t *value = json_object_get(object, name);
    return !value || json_is_null(value) || (json_is_string(value) && !json_string_length(value));
}

static const char *take(filch_message *message, const json_t *object, char **texts)
{
    const char *id = text_of(object, "id"), *type = text_of(object, "type");
    size_t length = 0;
    const char *payload = fl_json_payload(message->body, message->body_size, &length);
    if (!id && !is_absent(object, "id"))
        return "JSON envelope with an id that is not a string";
    if (!payload && json_object_get(object, "payload"))
        return "JSON envelope with an escape in the key \"payload\"";
    size_t id_bytes = id ? strlen(id) + 1 : 0, type_bytes = strlen(type) + 1;
    char *copy = malloc(id_bytes + type_bytes);
    if (!copy)
        return "no memory for its envelope";
    if (id)
        message->id = memcpy(copy, id, id_bytes);
    message->type = memcpy(copy + id_bytes, type, type_bytes);
    message->body = payload ? payload : "";
    message->body_size = length;
    *texts = copy;
    return NULL;
}

fl_envelope_rc fl_envelope_open_json(filch_message *message, char **texts, const char **why)
{
    json_error_t error;
    fl_envelope_rc rc = FL_ENVELOPE_NONE;
    *why = "JSON nested more than 64 deep";
    if (fl_json_is_too_deep(message->body, message->body_size))
        return rc;
    *why = "body is not JSON";
    json_t *object = json_loadb(message->body, message->body_size,
                                JSON_DECODE_INT_AS_REAL | JSON_ALLOW_NUL, &error);
    if (!object)
        return rc;
    *why = "JSON envelope without a type (a string)";
    if (!json_is_object(object)) {
        *why = "JSON envelope is not an object";
    } else if (text_of(object, "type")) {
        *why = take(message, object, texts);
        rc = *why ? FL_ENVELOPE_MALFORMED : FL_ENVELOPE_OPENED;
    }
    json_decref(object);
    return rc;
}

/* Is the body one JSON value? */
static bool is_json(const filch_message *message)
{
    json_error_t error;
    if (fl_json_is_too_deep(message->body, message->body_size))
        return false;
    json_t *value = json_loadb(message->body, message->body_size,
                               JSON_DECODE_ANY | JSON_DECODE_INT_AS_REAL | JSON_ALLOW_NUL, &error);
    json_decref(value);
    return value;
}

/* With its quotes; the caller frees it. NULL: not UTF-8, or no memory. */
static char *quoted(const char *text)
{
    json_t *string = json_string(text);
    char *out = string ? json_dumps(string, JSON_ENCODE_ANY) : NULL;
    json_decref(string);
    return out;
}

char *fl_envelope_close_json(const filch_message *message, size_t *size)
{
    const char *payload = message->body_size ? message->body : "null";
    size_t length = message->body_size ? message->body_size : strlen("null");
    if (message->body_size && !is_json(message))
        return NULL;
    char *id = quoted(message->id), *type = quoted(message->type), *body = NULL;
    FILE *file = id && type ? open_memstream(&body, size) : NULL;
    if (file) {
        fprintf(file, "{\"id\":%s,\"type\":%s,\"payload\":", id, type);
        fwrite(payload, 1, length, file);
        fputc('}', file);
        if (fclose(file)) {
            free(body);
            body = NULL;
        }
    }
    free(id);
    free(type);
    return body;
}
#else
bool fl_json_is_too_deep(const char *body, size_t size)
{
    (void)body, (void)size;
    return true;
}

const char *fl_json_payload(const char *body, size_t size, size_t *length)
{
    (void)body, (void)size, (void)length;
    return NULL;
}

char *fl_envelope_close_json(const filch_message *message, size_t *size)
{
    (void)message, (void)size;
    return NULL;
}

fl_envelope_rc fl_envelope_open_json(filch_message *message, char **texts, const char **why)
{
    (void)message, (void)texts;
    *why = "this build reads no JSON (jansson was missing)";
    return FL_ENVELOPE_NONE;
}
#endif

bool fl_envelope_is_supported(filch_envelope envelope)
{
#ifdef FILCH_HAVE_JANSSON
    return (unsigned)envelope < FILCH_ENVELOPES;
#else
    return (unsigned)envelope < FILCH_ENVELOPES && envelope != FILCH_ENVELOPE_JSON;
#endif
}
