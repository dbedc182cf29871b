/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Spans: records of operations in a trace, with times, attributes, events and a status. For service
 * authors. The library exports nothing: your own function, the sink, receives each finished span.
 *
 *   static const filch_tracer tracer = {.sink = export_span, .arg = &exporter};
 *   filch_span_begin(&span, &tracer, "process_task",
 *                    &(filch_span_options){.caller = &caller, .kind = FILCH_SPAN_CONSUMER});
 *   filch_context_create_span(&context, request, span);          calls below find it
 *   ...
 *   FILCH_SPAN_SET(filch_context_span(context), filch_log_text("task.type", type));
 *   ...
 *   filch_span_set_status(span, FILCH_SPAN_ERROR, filch_error());
 *   filch_span_end(span);
 *   filch_span_release(span);
 *
 * Sampling: a child span is recorded if its parent is sampled, in this process or
 * another. Of spans that begin a trace, one in filch_tracer.one_in is recorded, by its random id. A
 * span that is not recorded keeps its identity for requests and log lines, and does nothing else.
 * Life: reference-counted. filch_span_begin gives the first reference; each filch_span_retain and
 * each context of filch_context_create_span adds one. filch_span_end comes before the last
 * filch_span_release, which otherwise ends the span itself. So each recorded span reaches the sink
 * exactly once.
 * Threads: any task or thread, several at a time. Suspends: only where the sink does.
 * Errors: 0 or a negative errno; a call on a NULL span does nothing.
 * Since 0.1.0. */
#ifndef FILCH_SPAN_H
#define FILCH_SPAN_H
#include <filch/detail/hide_words.h>

#include <filch/context.h>
#include <filch/log.h>
#include <filch/traceparent.h>

#include <stdbool.h>

/* ---- Types ---- */

typedef struct filch_span filch_span;

/* The part of a span in a request or message. */
typedef enum filch_span_kind {
    FILCH_SPAN_INTERNAL,
    FILCH_SPAN_SERVER,   /* answers a request from elsewhere */
    FILCH_SPAN_CLIENT,   /* sends a request, and waits for the answer */
    FILCH_SPAN_PRODUCER, /* sends a message */
    FILCH_SPAN_CONSUMER  /* processes a message */
} filch_span_kind;

/* The result of a span's operation. */
typedef enum filch_span_status {
    FILCH_SPAN_UNSET,
    FILCH_SPAN_OK,
    FILCH_SPAN_ERROR
} filch_span_status;

/* Receives a recorded span that has ended, for filch_span_read. Called by the task or thread that
 * ends it, without a lock held; calls may run concurrently. The span is valid during the call, and
 * longer with filch_span_retain; filch_span_read stays valid as long. The sink may call every
 * function of this header. It must return soon and not panic: the timer thread, too, may release
 * the last reference. */
typedef void filch_span_sink_fn(filch_span *span, void *arg);

/* Where spans go. A zero field means the default. Read by filch_span_begin only; arg must stay
 * valid until the last span has ended. */
typedef struct filch_tracer {
    filch_span_sink_fn *sink; /* NULL: nothing is recorded */
    void *arg;
    unsigned one_in;     /* one new trace in this many is recorded; default 1: all */
    unsigned attributes; /* the most of one span, and of one event; default 32; up to 1,000 */
    unsigned events;     /* the most of one span; default 16; up to 1,000 */
    unsigned text; /* the most bytes of a name, key, text or message; default 256; 16 .. 65,536 */
} filch_tracer;

/* How a span begins. Zero bytes: a new trace. */
typedef struct filch_span_options {
    const filch_traceparent *caller; /* parent from a traceparent; zero bytes or NULL: none */
    const filch_tracestate *state;   /* the tracestate that came with caller, or NULL */
    filch_context *context;          /* parent without a caller: its filch_context_span, if any */
    filch_span_kind kind;
} filch_span_options;

/* An event of a span. */
typedef struct filch_span_event {
    const char *name;
    int64_t at; /* ns since 1970 */
    const filch_log_field *attributes;
    size_t count;
    size_t dropped; /* number of attributes beyond the limit */
} filch_span_event;

/* A finished span. Constant; valid as long as a reference to the span. */
typedef struct filch_span_record {
    const char *name;
    filch_traceparent trace;
    uint8_t parent[8]; /* zero bytes: it began the trace */
    bool remote;       /* the parent is options.caller */
    filch_span_kind kind;
    const char *state; /* tracestate; "": none */
    int64_t began;     /* ns since 1970 */
    int64_t ended;     /* began + duration: unaffected if the clock is set in between */
    int64_t duration;  /* ns of the monotonic clock */
    filch_span_status status;
    const char *message;               /* of an error; "": none */
    const filch_log_field *attributes; /* text, int, float and bool; a text is never NULL */
    size_t count, dropped_attributes;
    const filch_span_event *events;
    size_t event_count, dropped_events;
} filch_span_record;

FILCH_BEGIN_DECLS

/* ---- Life ---- */

/* Begins a span now, with a random id; texts are copied. tracer may be NULL: nothing is recorded.
 * Without a sink a span has the identity of its parent, which is passed on unchanged. options may
 * be NULL. Errors: -EINVAL (no out or name, an unknown kind, or a limit of the tracer is out of
 * range); -ENOMEM. *out is then NULL: continue without a span. */
FILCH_API int filch_span_begin(filch_span **out, const filch_tracer *tracer, const char *name,
                               const filch_span_options *options);
/* Ends it: takes the time, and calls the sink. Later changes are refused. Error: -EALREADY (ended
 * before). */
FILCH_API int filch_span_end(filch_span *span);
/* Adds a reference; returns span. */
FILCH_API filch_span *filch_span_retain(filch_span *span);
/* Drops a reference. The last one ends a span that has not ended, and frees it. */
FILCH_API void filch_span_release(filch_span *span);

/* ---- Contexts ---- */

/* Creates a child of parent (NULL: a root) that carries the span, and holds a reference until it is
 * freed. span may be NULL: calls below find none. Error: -ENOMEM. */
FILCH_API int filch_context_create_span(filch_context **out, filch_context *parent,
                                        filch_span *span);
/* Returns the span of the context or of the nearest ancestor that has one, or NULL. Valid as long
 * as the context; for longer use filch_span_retain. */
FILCH_API filch_span *filch_context_span(const filch_context *context);

/* ---- Content. FILCH_SPAN_SET and FILCH_SPAN_EVENT are the convenient forms ---- */

/* Sets `count` attributes, each in place of one with the same key. Keys and texts are copied, and
 * cut between two characters at the limit; a text that is NULL becomes "". Errors, which leave out
 * attributes and count them as dropped: -ENOSPC (beyond the limit); -ENOMEM; -EINVAL (no key, or
 * the field of filch_log_trace). -EALREADY (it has ended; nothing is counted). An unrecorded span
 * returns 0. */
FILCH_API int filch_span_set(filch_span *span, const filch_log_field *attributes, size_t count);
/* Adds an event that happens now, with `count` attributes as filch_span_set has them; those beyond
 * the limit, without a key, or of filch_log_trace are counted in the event. Errors: -EINVAL (no
 * name); -ENOSPC or -ENOMEM (the event is dropped and counted); -EALREADY (it has ended). */
FILCH_API int filch_span_add_event(filch_span *span, const char *name,
                                   const filch_log_field *attributes, size_t count);
/* Adds the event "exception" with exception.type and exception.message, as OpenTelemetry names a
 * recorded error. type: such as "ETIMEDOUT"; message: for people. Either may be NULL, and is then
 * left out. Does not change the status. Errors: as filch_span_add_event. */
FILCH_API int filch_span_record_error(filch_span *span, const char *type, const char *message);
/* Sets the status. FILCH_SPAN_OK is final, an error replaces an earlier error, FILCH_SPAN_UNSET
 * changes nothing. message: of an error, NULL or "" for none; else unused. Errors: -EINVAL (an
 * unknown status); -ENOMEM (the error is set, without its message); -EALREADY (it has ended, or was
 * FILCH_SPAN_OK). */
FILCH_API int filch_span_set_status(filch_span *span, filch_span_status status,
                                    const char *message);

/* ---- Queries ---- */

/* Returns true if it is recorded and has not ended. If not, skip computing attributes. NULL:
 * false. */
FILCH_API bool filch_span_recording(filch_span *span);
/* Returns its identity, for filch_traceparent_format and filch_log_trace. NULL: zero bytes. */
FILCH_API filch_traceparent filch_span_trace(const filch_span *span);
/* Returns the tracestate to be sent with it; "": none. Valid as long as the span. */
FILCH_API const char *filch_span_state(const filch_span *span);
/* Returns its content. NULL: it has not ended, or is not recorded. */
FILCH_API const filch_span_record *filch_span_read(filch_span *span);

FILCH_END_DECLS

/* Sets attributes as filch_span_set: FILCH_SPAN_SET(span, fields...). Computes the fields only if
 * the span is recording. */
#define FILCH_SPAN_SET(span, ...)                                                                  \
    (__extension__({                                                                               \
        filch_span *fl_span_ = (span);                                                             \
        if (filch_span_recording(fl_span_)) {                                                      \
            const filch_log_field fl_fields_[] = {__VA_ARGS__};                                    \
            filch_span_set(fl_span_, fl_fields_, sizeof fl_fields_ / sizeof *fl_fields_);          \
        }                                                                                          \
        (void)0;                                                                                   \
    }))
/* Adds an event as filch_span_add_event: FILCH_SPAN_EVENT(span, name, fields...), with one field or
 * more. Computes the fields only if the span is recording. */
#define FILCH_SPAN_EVENT(span, name, ...)                                                          \
    (__extension__({                                                                               \
        filch_span *fl_span_ = (span);                                                             \
        if (filch_span_recording(fl_span_)) {                                                      \
            const filch_log_field fl_fields_[] = {__VA_ARGS__};                                    \
            filch_span_add_event(fl_span_, name, fl_fields_,                                       \
                                 sizeof fl_fields_ / sizeof *fl_fields_);                          \
        }                                                                                          \
        (void)0;                                                                                   \
    }))
#include <filch/detail/show_words.h>
#endif
