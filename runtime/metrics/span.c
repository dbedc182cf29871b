/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A span's life: where it begins, which context carries it, how it ends. */
#include <runtime/metrics/span.h>

#include <runtime/metrics/traceparent.h>
#include <runtime/platform/clock.h>
#include <runtime/platform/error.h>
#include <runtime/platform/fields.h>
#include <runtime/platform/given.h>
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
        return fl_fail(EINVAL, "span kind %d is unknown; see filch_span_kind", (int)how.kind);
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
