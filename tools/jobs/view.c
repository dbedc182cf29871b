/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "view.h"

#include "redact.h"
#include "text.h"

#include <filch/service.h>

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <tools/shared/sheet.h>

/* ---- JSON ---- */

json_t *view_text(const char *text)
{
    char *valid = text ? text_utf8(text) : NULL;
    json_t *out = valid ? json_string(valid) : json_null();
    free(valid);
    return out;
}

static int64_t unix_time(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return now.tv_sec * FILCH_SECOND + now.tv_nsec;
}

static json_t *seconds(int64_t ns)
{
    return json_real((double)ns / (double)FILCH_SECOND);
}

static const char *shown(const jobs_options *o, const filch_header *header)
{
    return redact_hides(header->name, o->redactions, o->redaction_count) ? JOBS_REDACTED
                                                                         : header->value;
}

static json_t *headers_json(const jobs_options *o, const filch_message *message)
{
    json_t *out = json_object();
    for (size_t i = 0; i < message->header_count; i++) {
        char *name = text_utf8(message->headers[i].name);
        if (name)
            json_object_set_new(out, name, view_text(shown(o, &message->headers[i])));
        free(name);
    }
    return out;
}

/* NAME: text; or, where that is not UTF-8, NAME_base64. The other one is null, or both. */
static void put_bytes(json_t *out, const char *name, const void *bytes, size_t size)
{
    char encoded_name[32];
    bool is_text = bytes && text_is_utf8(bytes, size);
    char *encoded = is_text || !bytes ? NULL : text_base64(bytes, size);
    snprintf(encoded_name, sizeof encoded_name, "%s_base64", name);
    json_object_set_new(out, name, is_text ? json_stringn(bytes, size) : json_null());
    json_object_set_new(out, encoded_name, encoded ? json_string(encoded) : json_null());
    free(encoded);
}

json_t *view_json(const jobs_options *o, const filch_message *message, bool body)
{
    json_t *out = json_object();
    json_object_set_new(out, "id", view_text(message->id));
    json_object_set_new(out, "type", view_text(message->type));
    json_object_set_new(out, "age",
                        message->first_seen ? seconds(unix_time() - message->first_seen)
                                            : json_null());
    json_object_set_new(out, "attempt", json_integer(message->attempt));
    json_object_set_new(out, "deliveries", json_integer(message->deliveries));
    json_object_set_new(out, "priority", json_integer(message->priority));
    json_object_set_new(out, "first_seen",
                        message->first_seen ? seconds(message->first_seen) : json_null());
    json_object_set_new(out, "expires", message->expires ? seconds(message->expires) : json_null());
    json_object_set_new(out, "dedup", view_text(message->dedup));
    json_object_set_new(out, "content_type", view_text(message->content_type));
    json_object_set_new(out, "headers", headers_json(o, message));
    if (body) {
        json_object_set_new(out, "size", json_integer((json_int_t)message->body_size));
        put_bytes(out, "body", message->body ? message->body : "", message->body_size);
    }
    return out;
}

json_t *view_number(uint64_t count)
{
    return count == FL_BROKER_UNKNOWN ? json_null() : json_integer((json_int_t)count);
}

json_t *view_list(const jobs_options *o, const char *queue, fl_delivery *const *all, unsigned count,
                  bool body)
{
    json_t *jobs = json_array();
    for (unsigned i = 0; i < count; i++)
        json_array_append_new(jobs, view_json(o, &all[i]->message, body));
    return json_pack("{s:o, s:I, s:o}", "queue", view_text(queue), "count", (json_int_t)count,
                     "jobs", jobs);
}

int view_print(const jobs_options *o, json_t *object)
{
    int rc = object ? json_dumpf(object, stdout, JSON_COMPACT) : -1;
    json_decref(object);
    if (rc == 0 && putchar('\n') != EOF && fflush(stdout) == 0)
        return 0;
    fprintf(stderr, "%s: cannot write the result: no memory, a full disk, or a closed pipe\n",
            o->command);
    return JOBS_REFUSED;
}

/* ---- For people ---- */

static void put_and_free(char *visible, FILE *out)
{
    fputs(visible ? visible : "(no memory)", out);
    free(visible);
}

static void put_visible(const char *text, size_t size, bool lines, FILE *out)
{
    put_and_free(text_visible(text, size, lines), out);
}

static void put_field(const char *name, const char *text, FILE *out)
{
    if (!text)
        return;
    fprintf(out, "%-13s ", name);
    put_visible(text, strlen(text), false, out);
    fputc('\n', out);
}

static void put_value(const filch_header *header, const char *text, FILE *out)
{
    bool is_reason = strcmp(header->name, VIEW_REASON) == 0;
    put_and_free(is_reason ? text_reason(text) : text_visible(text, strlen(text), false), out);
}

/* A message of another program may have no time. */
static const char *age_text(const filch_message *message, char *text, size_t size)
{
    return message->first_seen ? text_span(unix_time() - message->first_seen, text, size) : "-";
}

void view_page(const jobs_options *o, const filch_message *message, FILE *out)
{
    char age[48], expires[48];
    int64_t now = unix_time();
    put_field("id", message->id, out);
    put_field("type", message->type, out);
    put_field("age", age_text(message, age, sizeof age), out);
    fprintf(out, "%-13s %u\n%-13s %u\n%-13s %u\n", "attempt", message->attempt, "deliveries",
            message->deliveries, "priority", message->priority);
    if (message->expires)
        put_field("expires in", text_span(message->expires - now, expires, sizeof expires), out);
    put_field("dedup", message->dedup, out);
    put_field("content type", message->content_type, out);
    for (size_t i = 0; i < message->header_count; i++) {
        fputs("header        ", out);
        put_visible(message->headers[i].name, strlen(message->headers[i].name), false, out);
        fputs(": ", out);
        put_value(&message->headers[i], shown(o, &message->headers[i]), out);
        fputc('\n', out);
    }
    fprintf(out, "%-13s %zu bytes\n", "body", message->body_size);
    put_visible(message->body, message->body_size, true, out);
    fputs(message->body_size ? "\n" : "", out);
}

/* ---- Records ---- */

static const char *const states[FILCH_RECORD_STATES] = {[FILCH_RECORD_RUNNING] = "running",
                                                        [FILCH_RECORD_DONE] = "done",
                                                        [FILCH_RECORD_DEAD] = "dead",
                                                        [FILCH_RECORD_CANCELLED] = "cancelled"};

static const char *state_of(const filch_service_record *record)
{
    return (unsigned)record->state < FILCH_RECORD_STATES ? states[record->state] : "unknown";
}

json_t *view_record_json(const char *id, const filch_service_record *record)
{
    json_t *out = json_object();
    json_object_set_new(out, "id", view_text(id));
    json_object_set_new(out, "state", json_string(state_of(record)));
    json_object_set_new(out, "updated", seconds(record->updated));
    put_bytes(out, "progress", record->progress, record->progress_size);
    put_bytes(out, "result", record->result, record->result_size);
    json_object_set_new(out, "reason", view_text(record->reason));
    return out;
}

void view_record_page(const char *id, const filch_service_record *record, FILE *out)
{
    char age[48];
    put_field("id", id, out);
    put_field("state",
              record->state == FILCH_RECORD_DEAD ? "dead: the job has failed" : state_of(record),
              out);
    put_field("age", text_span(unix_time() - record->updated, age, sizeof age), out);
    if (record->reason) {
        fprintf(out, "%-13s ", "reason");
        put_and_free(text_reason(record->reason), out);
        fputc('\n', out);
    }
    if (record->progress) {
        fprintf(out, "%-13s ", "progress");
        put_visible(record->progress, record->progress_size, false, out);
        fputc('\n', out);
    }
    if (!record->result)
        return;
    fprintf(out, "%-13s %zu bytes\n", "result", record->result_size);
    put_visible(record->result, record->result_size, true, out);
    fputs(record->result_size ? "\n" : "", out);
}

/* ---- Tables ---- */

enum { COLUMNS = 6 };

/* The cells of a job, which the caller frees. */
static void texts_of(const filch_message *message, bool dead, char *texts[COLUMNS])
{
    char age[48], attempt[16], priority[16];
    const char *reason = filch_message_header(message, VIEW_REASON);
    const char *returns = filch_message_header(message, "x-dlq-returns");
    snprintf(attempt, sizeof attempt, "%u", message->attempt);
    snprintf(priority, sizeof priority, "%u", message->priority);
    const char *cells[] = {message->id ? message->id : "-", message->type ? message->type : "-",
                           age_text(message, age, sizeof age), attempt,
                           !dead     ? priority
                           : returns ? returns
                                     : "0"};
    for (unsigned k = 0; k + 1 < COLUMNS; k++)
        texts[k] = text_visible(cells[k], strlen(cells[k]), false);
    texts[COLUMNS - 1] = text_reason(dead && reason ? reason : "");
}

/* Widths are those of the texts, with one blank more between columns. */
void view_table(fl_delivery *const *all, unsigned count, bool dead, FILE *out)
{
    sheet s;
    sheet_begin(&s, SHEET_TEXT,
                dead ? "ID:-2w,TYPE:-4w,AGE:-3w,ATTEMPT:-7w,RETURNS:-7w,REASON:-6w"
                     : "ID:-2w,TYPE:-4w,AGE:-3w,ATTEMPT:-7w,PRIORITY:-8w",
                out);
    for (int pass = 0; pass < 2; pass++) {
        for (size_t k = 0; pass && k < s.count; k++)
            s.columns[k].width--;
        if (pass)
            sheet_head(&s);
        for (unsigned i = 0; i < count; i++) {
            char *texts[COLUMNS];
            sheet_cell cells[COLUMNS];
            texts_of(&all[i]->message, dead, texts);
            for (unsigned k = 0; k < COLUMNS; k++)
                cells[k] = CELL(texts[k] ? texts[k] : "");
            pass ? sheet_row(&s, cells, s.count) : sheet_fit(&s, cells, s.count);
            for (unsigned k = 0; k < COLUMNS; k++)
                free(texts[k]);
        }
    }
}
