/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "lines.h"

#include "options.h"

#include <jansson.h>
#include <runtime/platform/text/duration.h>
#include <runtime/service/message.h>
#include <stdlib.h>
#include <string.h>
#include <tools/shared/names.h>

/* Over the largest body there is room for the other keys, and for escapes in a text. */
enum { LINE_MOST = 2 * FL_BODY_MOST + FL_HEADERS_MOST };

/* ---- Keys of a line ---- */

typedef struct job {
    filch_message message;
    filch_header headers[JOBS_HEADERS_MOST];
    bool has_body, has_payload;
} job;

/* A reader returns NULL, or the kind of value that is valid. */
typedef struct key {
    const char *name;
    const char *(*read)(job *out, const struct key *key, const json_t *value);
    size_t at; /* offset in filch_message */
} key;

static void *place(job *out, const key *k)
{
    return (char *)&out->message + k->at;
}

/* NULL: no text, empty, or one with a NUL. */
static const char *text_of(const json_t *value)
{
    const char *text = json_string_value(value);
    return text && *text && strlen(text) == json_string_length(value) ? text : NULL;
}

static const char *read_text(job *out, const key *k, const json_t *value)
{
    const char *text = text_of(value);
    if (text)
        *(const char **)place(out, k) = text;
    return text ? NULL : "a text that is not empty";
}

static const char *read_duration(job *out, const key *k, const json_t *value)
{
    const char *text = text_of(value);
    return text && fl_duration_read(text, 0, JOBS_TIME_MOST, place(out, k))
               ? NULL
               : "a duration as text, 0s..3650d; " FL_DURATION_UNITS;
}

static const char *read_priority(job *out, const key *k, const json_t *value)
{
    double number = json_is_number(value) ? json_number_value(value) : -1;
    if (!(number >= 0 && number < FILCH_MESSAGE_PRIORITIES && number == (double)(unsigned)number))
        return "a whole number, 0..9";
    *(unsigned *)place(out, k) = (unsigned)number;
    return NULL;
}

static const char *read_headers(job *out, const key *k, const json_t *value)
{
    static const char valid[] =
        "an object of at most 256 texts; names have letters, digits, '-', '_' and '.'";
    const char *name;
    json_t *each;
    (void)k;
    if (!json_is_object(value) || json_object_size(value) > JOBS_HEADERS_MOST)
        return valid;
    out->message.headers = out->headers;
    out->message.header_count = 0;
    json_object_foreach((json_t *)(uintptr_t)value, name, each)
    {
        const char *text = json_string_value(each);
        if (!jobs_is_header_name(name, strlen(name)) || !text ||
            strlen(text) != json_string_length(each))
            return valid;
        out->headers[out->message.header_count++] = (filch_header){name, text};
    }
    return NULL;
}

static const char *read_body(job *out, const key *k, const json_t *value)
{
    (void)k;
    if (!json_is_string(value))
        return "a text";
    out->has_body = true;
    out->message.body = json_string_value(value);
    out->message.body_size = json_string_length(value);
    return NULL;
}

static const char *read_payload(job *out, const key *k, const json_t *value)
{
    (void)k, (void)value;
    out->has_payload = true; /* its text is cut out of the line */
    return NULL;
}

#define AT(field) offsetof(filch_message, field)

static const key keys[] = {
    {"type", read_text, AT(type)},
    {"payload", read_payload, 0},
    {"body", read_body, 0},
    {"id", read_text, AT(id)},
    {"headers", read_headers, 0},
    {"delay", read_duration, AT(delay)},
    {"priority", read_priority, AT(priority)},
    {"dedup", read_text, AT(dedup)},
    {"dedup_for", read_duration, AT(dedup_for)},
    {"expires", read_duration, AT(expires)},
    {"content_type", read_text, AT(content_type)},
};
enum { KEYS = sizeof keys / sizeof *keys };

/* ---- Lines ---- */

static bool read_key(job *out, const char *name, const json_t *value, char why[LINES_WHY])
{
    for (unsigned i = 0; i < KEYS; i++) {
        if (strcmp(keys[i].name, name) != 0)
            continue;
        const char *valid = keys[i].read(out, &keys[i], value);
        if (valid)
            snprintf(why, LINES_WHY, "\"%s\" is wrong (valid: %s)", name, valid);
        return !valid;
    }
    char allowed[NAMES_ALLOWED];
    names_list list = {.count = 0};
    for (unsigned i = 0; i < KEYS; i++)
        names_add(&list, keys[i].name);
    snprintf(why, LINES_WHY, "unknown key '%.30s' (%.190s)", name,
             names_allowed(allowed, name, list.at));
    return false;
}

static bool read_object(job *out, json_t *object, char why[LINES_WHY])
{
    const char *name;
    json_t *value;
    json_object_foreach(object, name, value) if (!read_key(out, name, value, why)) return false;
    if (out->has_body && out->has_payload)
        snprintf(why, LINES_WHY, "both \"body\" and \"payload\" (valid: one of them)");
    else if (out->message.dedup_for && !out->message.dedup)
        snprintf(why, LINES_WHY, "\"dedup_for\" without a key (give \"dedup\" or --dedup)");
    else if (!out->message.type)
        snprintf(why, LINES_WHY, "no type (give \"type\" or --type)");
    else
        return true;
    return false;
}

filch_message *lines_copy(const filch_message *message, char why[LINES_WHY])
{
    const char *excess = fl_message_excess(message);
    filch_message *copy = excess ? NULL : malloc(sizeof *copy + fl_message_room(message));
    if (copy)
        fl_message_copy(copy, message, copy + 1);
    else
        snprintf(why, LINES_WHY, "%s", excess ? excess : "no memory for the job");
    return copy;
}

static json_t *parse(const char *line, size_t size, char why[LINES_WHY])
{
    json_error_t error;
    if (size > LINE_MOST || fl_json_is_too_deep(line, size)) {
        snprintf(why, LINES_WHY, "longer than 32 MiB, or nested more than 64 deep");
        return NULL;
    }
    json_t *object =
        json_loadb(line, size, JSON_REJECT_DUPLICATES | JSON_DECODE_INT_AS_REAL | JSON_ALLOW_NUL,
                   &error);
    if (json_is_object(object))
        return object;
    json_decref(object);
    snprintf(why, LINES_WHY, "no JSON object: %.100s", object ? "another value" : error.text);
    return NULL;
}

filch_message *lines_read(const char *line, size_t size, const filch_message *defaults,
                          char why[LINES_WHY])
{
    filch_message *copy = NULL;
    json_t *object = parse(line, size, why);
    job *out = object ? malloc(sizeof *out) : NULL;
    if (out) {
        *out = (job){.message = *defaults};
        bool good = read_object(out, object, why);
        if (good && out->has_payload)
            out->message.body = fl_json_payload(line, size, &out->message.body_size);
        if (good && out->has_payload && !out->message.body)
            snprintf(why, LINES_WHY, "\"payload\" is spelt with escapes (write it plainly)");
        else if (good)
            copy = lines_copy(&out->message, why);
    } else if (object) {
        snprintf(why, LINES_WHY, "no memory for the job");
    }
    free(out);
    json_decref(object);
    return copy;
}
