/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Trace context: the headers `traceparent` and `tracestate`, by which services pass on the trace
 * that a request belongs to. For service authors. As in https://www.w3.org/TR/trace-context-1/ (W3C
 * Recommendation, 2021), sections 3.2 and 3.3. Spans with times and attributes are in
 * <filch/span.h>.
 *
 *   if (filch_traceparent_parse(&caller, header, strlen(header)))
 *       filch_traceparent_begin(&here, true);               none, or an invalid one: a trace begins
 *   else
 *       filch_traceparent_child(&here, &caller);
 *   filch_traceparent_format(&here, text);                      for the requests that follow
 *
 *   filch_tracestate state = {0};                        only if traceparent is valid
 *   filch_tracestate_add(&state, header2, strlen(header2));
 *   ...  state.text                                       for the requests that follow; "": none
 *
 * Life: plain values. Threads: any task or thread. Suspends: no. Errors: 0 or a negative errno.
 * Since 0.1.0. */
#ifndef FILCH_TRACEPARENT_H
#define FILCH_TRACEPARENT_H
#include <filch/detail/hide_words.h>

#include <filch/base.h>
#include <stdbool.h>

/* The size of filch_traceparent_format's text, including the closing NUL. */
enum { FILCH_TRACEPARENT_TEXT = 56 };

/* A flag of a traceparent: its caller may have recorded it. */
enum { FILCH_TRACEPARENT_SAMPLED = 1 };

/* A plain value. Zero bytes: no trace. */
typedef struct filch_traceparent {
    uint8_t trace[16]; /* the trace's id; not all zero */
    uint8_t span[8];   /* the id of one request or job; not all zero */
    uint8_t flags;     /* FILCH_TRACEPARENT_SAMPLED: its caller may have recorded it */
} filch_traceparent;

/* Limits of a tracestate: its members, its text with the closing NUL. */
enum { FILCH_TRACESTATE_MEMBERS = 32, FILCH_TRACESTATE_TEXT = 513 };

/* A plain value. Zero bytes: no tracestate. Read `text`; the other members are opaque. */
typedef struct filch_tracestate {
    char text[FILCH_TRACESTATE_TEXT]; /* KEY=VALUE,KEY=VALUE...; "": there is none */
    uint8_t members;                  /* number that was read, removed ones included */
    bool refused;                     /* a line was invalid */
} filch_tracestate;

FILCH_BEGIN_DECLS

/* ---- traceparent ---- */

/* Reads a header's value of `size` bytes, without blanks around it. A version above 00 is read as
 * far as version 00 goes. Only known flags are kept. Error: -EINVAL (invalid; *out is untouched:
 * continue as if there were no header). */
FILCH_API int filch_traceparent_parse(filch_traceparent *out, const char *text, size_t size);
/* Writes it as version 00, with a closing NUL. Error: -EINVAL (an id is all zero; out is then
 * ""). */
FILCH_API int filch_traceparent_format(const filch_traceparent *trace,
                                       char out[FILCH_TRACEPARENT_TEXT]);
/* Begins a trace, with random ids; sampled: it is to be recorded. */
FILCH_API void filch_traceparent_begin(filch_traceparent *out, bool sampled);
/* Makes a span of the same trace below parent, with a random id. out may be parent. */
FILCH_API void filch_traceparent_child(filch_traceparent *out, const filch_traceparent *parent);

/* ---- tracestate ---- */

/* Adds the members of one header's value of `size` bytes after those of earlier calls. A request
 * may have several headers `tracestate`: begin with zero bytes, and add each in its order. Blanks
 * around members, empty members, and members with an earlier one's key are left out. If the text
 * becomes longer than 512 characters, whole members are removed: first those of more than 128
 * characters, then others, in both cases from the end. Keys may also have the form of the
 * recommendation's level 2, which allows a leading digit, and an @ anywhere after it.
 * Error: -EINVAL (a member is invalid, or there are more than 32): text is "" from then on, even if
 * further headers are added. The traceparent stays valid: continue with only that. */
FILCH_API int filch_tracestate_add(filch_tracestate *state, const char *text, size_t size);

FILCH_END_DECLS
#include <filch/detail/show_words.h>
#endif
