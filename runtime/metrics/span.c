/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A span's life: where it begins, which context carries it, how it ends. */
#include <runtime/metrics/span.h>

#include <runtime/metrics/traceparent.h>
#include <runtime/platform/clock.h>
#include <runtime/platform/config_ranges.h>
#include <runtime/platform/error.h>
#include <runtime/platform/given.h>
#include <runtime/platform/lock.h>
#include <runtime/sync/cancellation.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define FIELD(name, standard, least, most)                                                         \
    FL_NUMBER_FIELD(filch_tracer, name, standard, least, most)
static const fl_field fields[] = {
    FIELD(one_in, 1, 1, UINT32_MAX),
    FIELD(attributes, 32, 1, 1000),
    FIELD(events, 16, 1, 1000),
    FIELD(text, 256, 16, 65536),
};

/* ---- Identity ---- */

typedef struct identity {
    filch_traceparent trace;
    const char *state;
    bool remote;
} identity;

/* false: a trace begins. */
static bool find_parent(identity *parent, const filch_span_options *options)
{
    filch_span *above = filch_context_span(options->context);
    if (options->caller && fl_traceparent_is_whole(options->caller))
        *parent = (identity){*options->caller, options->state ? options->state->text : "", true};
    else if (above)
        *parent = (identity){above->record.trace, above->record.state, false};
    else
        return false;
    return true;
}

/* By the last bytes, which are the random ones of any id. */
static bool is_chosen(const filch_traceparent *trace, unsigned one_in)
{
    uint64_t random = 0;
    for (unsigned i = 8; i < sizeof trace->trace; i++)
        random = random << 8 | trace->trace[i];
    return random % one_in == 0;
}

static void begin_trace(filch_traceparent *out, const filch_tracer *tracer)
{
    filch_traceparent_begin(out, false);
    if (tracer->sink && is_chosen(out, tracer->one_in))
        out->flags = FILCH_TRACEPARENT_SAMPLED;
}

/* ---- Life ---- */

/* NULL: no memory. */
static filch_span *new_span(filch_tracer *tracer, const char *name, const char *state)
{
    if (!tracer->sink)
        tracer->attributes = tracer->events = 0;
    size_t named = fl_span_clipped(name, tracer->text), stated = strlen(state);
    filch_span *span =
        calloc(1, sizeof *span + tracer->attributes * sizeof *span->attributes +
                      tracer->events * sizeof *span->events + named + 1 + stated + 1);
    if (!span)
        return NULL;
    span->tracer = *tracer;
    span->attributes = (filch_log_field *)(span + 1);
    span->events = (filch_span_event *)(span->attributes + tracer->attributes);
    char *texts = (char *)(span->events + tracer->events);
    memcpy(texts, name, named);
    memcpy(texts + named + 1, state, stated);
    span->record = (filch_span_record){.name = texts,
                                       .state = texts + named + 1,
                                       .message = "",
                                       .attributes = span->attributes,
                                       .events = span->events};
    span->users = 1;
    return span;
}

static int begin(filch_span **out, filch_tracer *tracer, const char *name,
                 const filch_span_options *options)
{
    identity parent = {.state = ""};
    filch_traceparent own;
    bool below = find_parent(&parent, options);
    if (!below)
        begin_trace(&own, tracer);
    else if (tracer->sink)
        filch_traceparent_child(&own, &parent.trace);
    else
        own = parent.trace;
    if (!(own.flags & FILCH_TRACEPARENT_SAMPLED))
        tracer->sink = NULL;
    filch_span *span = new_span(tracer, name, parent.state);
    if (!span)
        return fl_fail(ENOMEM, "no memory for a span; continue without one");
    span->record.trace = own;
    memcpy(span->record.parent, parent.trace.span, sizeof parent.trace.span);
    span->record.remote = parent.remote;
    span->record.kind = options->kind;
    span->record.began = fl_unix_now();
    span->clock = fl_now();
    fl_life_begin(&span->life);
    *out = span;
    return 0;
}

int filch_span_begin(filch_span **out, const filch_tracer *tracer, const char *name,
                     const filch_span_options *options)
{
    FL_GIVEN(out);
    filch_tracer whole = tracer ? *tracer : (filch_tracer){0};
    filch_span_options how = options ? *options : (filch_span_options){0};
    FL_GIVEN(name);
    *out = NULL;
    if ((unsigned)how.kind > FILCH_SPAN_CONSUMER)
        return fl_fail(EINVAL, "unknown span kind %d; see filch_span_kind", (int)how.kind);
    int rc = fl_fields_complete(&whole, fields, sizeof fields / sizeof *fields, "a tracer");
    return rc ? rc : begin(out, &whole, name, &how);
}

int filch_span_end(filch_span *span)
{
    FL_MAY_LIVE(span);
    if (!span)
        return 0;
    fl_lock(&span->lock);
    bool ends = !span->ended;
    if (ends) {
        span->ended = true;
        span->record.duration = fl_now() - span->clock;
        span->record.ended = span->record.began + span->record.duration;
    }
    fl_unlock(&span->lock);
    if (!ends)
        return fl_plainly(-EALREADY);
    if (span->tracer.sink)
        span->tracer.sink(span, span->tracer.arg);
    return 0;
}

filch_span *filch_span_retain(filch_span *span)
{
    FL_MAY_LIVE(span);
    if (span) {
        fl_lock(&span->lock);
        span->users++;
        fl_unlock(&span->lock);
    }
    return span;
}

/* Was it the last? */
static bool drop(filch_span *span)
{
    fl_lock(&span->lock);
    bool last = !--span->users;
    fl_unlock(&span->lock);
    return last;
}

void filch_span_release(filch_span *span)
{
    FL_MAY_LIVE(span);
    if (!span || !drop(span))
        return;
    if (!span->ended) {
        span->users = 1;
        filch_span_end(span);
        if (!drop(span))
            return; /* the sink has kept it */
    }
    fl_span_clear(span);
    fl_life_end(&span->life);
    free(span);
}

/* ---- Contexts ---- */

static const char key; /* of the span in a context */

static void let_go(void *span)
{
    filch_span_release(span);
}

int filch_context_create_span(filch_context **out, filch_context *parent, filch_span *span)
{
    FL_GIVEN(out);
    FL_MAY_LIVE(parent);
    FL_MAY_LIVE(span);
    int rc = fl_context_create_owner(out, parent, &key, filch_span_retain(span), let_go);
    if (rc)
        filch_span_release(span);
    return rc;
}

filch_span *filch_context_span(const filch_context *context)
{
    FL_MAY_LIVE(context);
    return filch_context_value(context, &key);
}

/* ---- Queries ---- */

static bool has_ended(filch_span *span)
{
    fl_lock(&span->lock);
    bool ended = span->ended;
    fl_unlock(&span->lock);
    return ended;
}

bool filch_span_recording(filch_span *span)
{
    FL_MAY_LIVE(span);
    return span && span->tracer.sink && !has_ended(span);
}

filch_traceparent filch_span_trace(const filch_span *span)
{
    FL_MAY_LIVE(span);
    return span ? span->record.trace : (filch_traceparent){0};
}

const char *filch_span_state(const filch_span *span)
{
    FL_MAY_LIVE(span);
    return span ? span->record.state : "";
}

const filch_span_record *filch_span_read(filch_span *span)
{
    FL_MAY_LIVE(span);
    return span && span->tracer.sink && has_ended(span) ? &span->record : NULL;
}

/* ---- Content ---- */

/* A span's attributes, events and status. Texts are copied before the lock is taken; replaced
 * copies are freed after it. */

/* ---- Copies ---- */

size_t fl_span_clipped(const char *text, size_t most)
{
    size_t size = strnlen(text, most + 1);
    if (size <= most)
        return size;
    size = most;
    while (most - size < 3 && ((unsigned char)text[size] & 0xc0) == 0x80)
        size--; /* the middle of a character */
    return size;
}

static bool is_attribute(const filch_log_field *field)
{
    return field->name && *field->name && field->kind != FILCH_LOG_KIND_TRACE;
}

static bool has_text(const filch_log_field *field)
{
    return field->kind == FILCH_LOG_KIND_TEXT && field->as.text;
}

static size_t size_of(const char *text, size_t most)
{
    return fl_span_clipped(text, most) + 1;
}

/* Moves *to behind the copy, which it returns. */
static const char *copy_text(char **to, const char *text, size_t most)
{
    char *copy = *to;
    size_t size = fl_span_clipped(text, most);
    memcpy(copy, text, size);
    copy[size] = '\0';
    *to += size + 1;
    return copy;
}

/* The room of its texts. */
static size_t room_of(const filch_log_field *field, size_t most)
{
    return size_of(field->name, most) + (has_text(field) ? size_of(field->as.text, most) : 0);
}

static filch_log_field copy_field(char **to, const filch_log_field *from, size_t most)
{
    filch_log_field copy = *from;
    copy.name = copy_text(to, from->name, most);
    if (has_text(from))
        copy.as.text = copy_text(to, from->as.text, most);
    else if (from->kind == FILCH_LOG_KIND_TEXT)
        copy.as.text = "";
    return copy;
}

void fl_span_clear(filch_span *span)
{
    for (size_t i = 0; i < span->record.count; i++)
        free((void *)span->attributes[i].name);
    for (size_t i = 0; i < span->record.event_count; i++)
        free((void *)span->events[i].attributes);
    if (*span->record.message)
        free((void *)span->record.message);
}

/* ---- Refusals ---- */

static int refuse(int code)
{
    if (code == ENOSPC)
        return fl_fail(ENOSPC, "the span is full, and counts it as dropped; give the tracer a "
                               "higher limit");
    if (code == ENOMEM)
        return fl_fail(ENOMEM, "no memory for the content of a span, which counts it as dropped");
    return fl_fail(EINVAL, "an attribute without a key, or of filch_log_trace, is dropped; give it "
                           "a key and a value");
}

static bool is_recorded(const filch_span *span)
{
    return span && span->tracer.sink;
}

/* ---- Attributes ---- */

/* The row of this key, or a new one; NULL: none is left. Under the lock. */
static filch_log_field *row_of(filch_span *span, const char *name)
{
    for (size_t i = 0; i < span->record.count; i++)
        if (!strcmp(span->attributes[i].name, name))
            return &span->attributes[i];
    return span->record.count < span->tracer.attributes ? &span->attributes[span->record.count++]
                                                        : NULL;
}

/* Puts it into its row, and the row's former content into *one. one->name is NULL: there is no
 * copy. */
static int put(filch_span *span, filch_log_field *one)
{
    int rc = one->name ? 0 : -ENOMEM;
    fl_lock(&span->lock);
    filch_log_field *row = span->ended || rc ? NULL : row_of(span, one->name);
    if (span->ended) {
        rc = -EALREADY;
    } else if (row) {
        filch_log_field before = *row;
        *row = *one;
        *one = before;
    } else {
        span->record.dropped_attributes++;
        rc = rc ? rc : -ENOSPC;
    }
    fl_unlock(&span->lock);
    return rc;
}

static int set(filch_span *span, const filch_log_field *from)
{
    filch_log_field copy = {.name = NULL};
    bool known = is_attribute(from);
    char *block = known ? malloc(room_of(from, span->tracer.text)) : NULL, *to = block;
    if (block)
        copy = copy_field(&to, from, span->tracer.text);
    int rc = put(span, &copy);
    free((void *)copy.name);
    return rc == -ENOMEM && !known ? -EINVAL : rc;
}

int filch_span_set(filch_span *span, const filch_log_field *attributes, size_t count)
{
    FL_MAY_LIVE(span);
    int first = 0;
    for (size_t i = 0; is_recorded(span) && i < count; i++) {
        int rc = set(span, &attributes[i]);
        if (rc == -EALREADY)
            return fl_plainly(rc);
        first = first ? first : rc;
    }
    return first ? refuse(-first) : 0;
}

/* ---- Events ---- */

/* Copies name and attributes into one block; its first part is event->attributes, which stays NULL
 * without memory. */
static void copy_event(filch_span_event *event, const char *name, const filch_log_field *from,
                       size_t count, const filch_tracer *limits)
{
    size_t room = size_of(name, limits->text), kept = 0;
    for (size_t i = 0; i < count && kept < limits->attributes; i++)
        if (is_attribute(&from[i])) {
            room += room_of(&from[i], limits->text);
            kept++;
        }
    filch_log_field *rows = malloc(kept * sizeof *rows + room);
    if (!rows)
        return;
    char *to = (char *)(rows + kept);
    event->attributes = rows;
    event->name = copy_text(&to, name, limits->text);
    for (size_t i = 0; i < count && event->count < kept; i++)
        if (is_attribute(&from[i]))
            rows[event->count++] = copy_field(&to, &from[i], limits->text);
    event->dropped = count - kept;
}

int filch_span_add_event(filch_span *span, const char *name, const filch_log_field *attributes,
                         size_t count)
{
    FL_MAY_LIVE(span);
    if (!name)
        return fl_fail(EINVAL, "an event of a span without a name; pass one");
    if (!is_recorded(span))
        return 0;
    filch_span_event event = {.at = fl_unix_now()};
    copy_event(&event, name, attributes, count, &span->tracer);
    int rc = event.attributes ? 0 : -ENOMEM;
    fl_lock(&span->lock);
    if (span->ended) {
        rc = -EALREADY;
    } else if (!rc && span->record.event_count < span->tracer.events) {
        span->events[span->record.event_count++] = event;
    } else {
        span->record.dropped_events++;
        rc = rc ? rc : -ENOSPC;
    }
    fl_unlock(&span->lock);
    if (rc)
        free((void *)event.attributes);
    return rc == -EALREADY ? fl_plainly(rc) : rc ? refuse(-rc) : 0;
}

int filch_span_record_error(filch_span *span, const char *type, const char *message)
{
    FL_MAY_LIVE(span);
    filch_log_field attributes[2];
    size_t count = 0;
    if (type)
        attributes[count++] = filch_log_text("exception.type", type);
    if (message)
        attributes[count++] = filch_log_text("exception.message", message);
    return filch_span_add_event(span, "exception", attributes, count);
}

/* ---- Status ---- */

/* A NULL copy: no message. *copy is then the former one, to be freed. */
static int put_status(filch_span *span, filch_span_status status, char **copy)
{
    fl_lock(&span->lock);
    bool final = span->ended || span->record.status == FILCH_SPAN_OK;
    if (!final) {
        const char *before = span->record.message;
        span->record.status = status;
        span->record.message = *copy ? *copy : "";
        *copy = *before ? (char *)before : NULL;
    }
    fl_unlock(&span->lock);
    return final ? -EALREADY : 0;
}

int filch_span_set_status(filch_span *span, filch_span_status status, const char *message)
{
    FL_MAY_LIVE(span);
    if ((unsigned)status > FILCH_SPAN_ERROR)
        return fl_fail(EINVAL, "unknown span status %d; see filch_span_status", (int)status);
    if (!is_recorded(span) || status == FILCH_SPAN_UNSET)
        return 0;
    bool told = status == FILCH_SPAN_ERROR && message && *message;
    char *copy = told ? malloc(size_of(message, span->tracer.text)) : NULL, *to = copy;
    bool lost = told && !copy;
    if (copy)
        copy_text(&to, message, span->tracer.text);
    int rc = put_status(span, status, &copy);
    free(copy);
    if (rc)
        return fl_plainly(rc);
    return lost ? fl_fail(ENOMEM, "no memory for the message of a span; its status is set") : 0;
}
