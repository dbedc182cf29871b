/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/service/handlers/coprocess_frame.h>

#include <runtime/service/handlers/handlers.h>
#include <runtime/service/message.h>

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    FLAGS = JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL,
    DUMP = JSON_COMPACT | JSON_ENCODE_ANY,
    AFTER_MOST_MS = 1000 * 60 * 60 * 24 * 7, /* a week */
};

/* ---- Requests ---- */

static json_t *base64(const unsigned char *from, size_t size)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    size_t length = (size + 2) / 3 * 4;
    char *text = malloc(length + 1);
    for (size_t i = 0, at = 0; text && i < size; i += 3) {
        unsigned bits = (unsigned)from[i] << 16;
        bits |= i + 1 < size ? (unsigned)from[i + 1] << 8 : 0;
        bits |= i + 2 < size ? (unsigned)from[i + 2] : 0;
        text[at++] = digits[bits >> 18];
        text[at++] = digits[bits >> 12 & 63];
        text[at++] = i + 1 < size ? digits[bits >> 6 & 63] : '=';
        text[at++] = i + 2 < size ? digits[bits & 63] : '=';
    }
    json_t *string = text ? json_stringn(text, length) : NULL;
    free(text);
    return string;
}

static int add_body(json_t *request, const filch_message *message)
{
    json_t *text = json_stringn(message->body_size ? message->body : "", message->body_size);
    return text ? json_object_set_new(request, "body", text)
                : json_object_set_new(request, "body_base64",
                                      base64(message->body, message->body_size));
}

/* Those that are not UTF-8 are left out. */
static json_t *headers_of(const filch_message *message)
{
    json_t *headers = json_object();
    for (size_t i = 0; headers && i < message->header_count; i++)
        json_object_set_new(headers, message->headers[i].name,
                            json_string(message->headers[i].value));
    return headers;
}

static json_t *request_of(filch_service_job *job)
{
    const filch_message *message = filch_service_job_message(job);
    int64_t deadline_ms = fl_facts_deadline_ms(job);
    filch_traceparent trace = filch_service_job_trace(job);
    char parent[FILCH_TRACEPARENT_TEXT];
    filch_traceparent_format(&trace, parent);
    json_t *request =
        json_pack("{s:s?, s:s, s:s, s:s?, s:I, s:s, s:o, s:o}", "id", message->id, "type",
                  message->type, "queue", message->queue, "content_type", message->content_type,
                  "attempt", (json_int_t)message->attempt, "traceparent", parent, "deadline_ms",
                  deadline_ms < 0 ? json_null() : json_integer(deadline_ms), "headers",
                  headers_of(message));
    if (request && add_body(request, message)) {
        json_decref(request);
        request = NULL;
    }
    return request;
}

char *fl_frame_request(filch_service_job *job, size_t *size)
{
    json_t *request = request_of(job);
    size_t length = request ? json_dumpb(request, NULL, 0, JSON_COMPACT) : 0;
    char *frame = length && length <= UINT32_MAX ? malloc(FL_FRAME_HEAD + length) : NULL;
    if (frame) {
        json_dumpb(request, frame + FL_FRAME_HEAD, length, JSON_COMPACT);
        for (unsigned i = 0; i < FL_FRAME_HEAD; i++)
            frame[i] = (char)(length >> 8 * (FL_FRAME_HEAD - 1 - i));
        *size = FL_FRAME_HEAD + length;
    }
    json_decref(request);
    return frame;
}

/* ---- Answers ---- */

int fl_frame_find(const char *data, size_t size, size_t most, size_t *length)
{
    *length = 0;
    if (size < FL_FRAME_HEAD)
        return 0;
    for (unsigned i = 0; i < FL_FRAME_HEAD; i++)
        *length = *length << 8 | (unsigned char)data[i];
    if (!*length || *length > most)
        return -EMSGSIZE;
    return size - FL_FRAME_HEAD >= *length;
}

static void refuse(fl_frame *out, const char *why)
{
    out->kind = FL_FRAME_BAD;
    snprintf(out->text, sizeof out->text, "%s", why);
}

static void take_told(fl_frame *out, const json_t *value)
{
    if (!value || json_is_null(value))
        return;
    size_t size =
        json_is_string(value) ? json_string_length(value) : json_dumpb(value, NULL, 0, DUMP);
    char *told = malloc(size + 1);
    if (!told) {
        refuse(out, "no memory for its progress or result");
        return;
    }
    if (json_is_string(value))
        memcpy(told, json_string_value(value), size);
    else
        json_dumpb(value, told, size, DUMP);
    told[size] = '\0';
    out->told = told;
    out->told_size = size;
}

static void read_answer(fl_frame *out, const json_t *object, const char *status)
{
    static const struct {
        const char *status;
        fl_frame_kind kind;
    } kinds[] = {{"done", FL_FRAME_DONE}, {"retry", FL_FRAME_RETRY}, {"fail", FL_FRAME_FAIL}};
    const json_t *reason = json_object_get(object, "reason");
    double after = json_number_value(json_object_get(object, "after_ms"));
    for (unsigned i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (strcmp(status, kinds[i].status) == 0)
            out->kind = kinds[i].kind;
    if (out->kind == FL_FRAME_BAD) {
        refuse(out, "a status other than done, retry and fail");
        return;
    }
    if (after > 0)
        out->after = (int64_t)(after < AFTER_MOST_MS ? after : AFTER_MOST_MS) * FILCH_MILLISECOND;
    if (json_is_string(reason))
        fl_escape(out->text, sizeof out->text, json_string_value(reason),
                  json_string_length(reason));
    if (out->kind == FL_FRAME_DONE)
        take_told(out, json_object_get(object, "result"));
}

/* Is an answer about the job with this id, NULL: none? */
static bool is_about(const json_t *about, const char *id)
{
    return id && json_is_string(about) ? strcmp(json_string_value(about), id) == 0
                                       : !id && json_is_null(about);
}

static void read_object(fl_frame *out, const json_t *object, const char *id)
{
    const json_t *log = json_object_get(object, "log");
    const json_t *progress = json_object_get(object, "progress");
    const json_t *about = json_object_get(object, "id");
    const char *status = json_string_value(json_object_get(object, "status"));
    if (json_is_string(log)) {
        out->kind = FL_FRAME_LOG;
        snprintf(out->text, sizeof out->text, "%s", json_string_value(log));
    } else if (progress && !json_is_null(progress)) {
        out->kind = FL_FRAME_PROGRESS;
        take_told(out, progress);
    } else if (!(json_is_string(about) || json_is_null(about)) || !status) {
        refuse(out, "neither an answer (id, status) nor a log nor progress");
    } else if (!is_about(about, id)) {
        refuse(out, "an answer for another id");
    } else {
        read_answer(out, object, status);
    }
}

/* Integers stay what they are, unless one has more than 64 bits. */
static json_t *load(const char *json, size_t size)
{
    json_error_t error;
    json_t *object = json_loadb(json, size, FLAGS, &error);
    return object ? object : json_loadb(json, size, FLAGS | JSON_DECODE_INT_AS_REAL, &error);
}

void fl_frame_read(fl_frame *out, const char *json, size_t size, const char *id)
{
    *out = (fl_frame){.kind = FL_FRAME_BAD};
    json_t *object = fl_json_is_too_deep(json, size) ? NULL : load(json, size);
    if (json_is_object(object))
        read_object(out, object, id);
    else
        refuse(out, "not a JSON object, or one nested more than 64 deep");
    json_decref(object);
}
