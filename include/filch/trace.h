/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Trace context: the header `traceparent` by which services tell each other to which trace a
 * request belongs. For service authors. As in https://www.w3.org/TR/trace-context-1/ (W3C
 * Recommendation, 2021), section 3.2; its companion `tracestate` is not read, and has to be passed
 * on as it is.
 *
 *   if (filch_trace_parse(&caller, header, strlen(header)))
 *       filch_trace_start(&here, true);                   none, or no good one: a trace begins
 *   else
 *       filch_trace_child(&here, &caller);
 *   filch_trace_format(&here, text);                      for the requests that follow
 *
 * Threads: all by tasks and by any thread; none suspends. */
#ifndef FILCH_TRACE_H
#define FILCH_TRACE_H

#include <filch/base.h>
#include <stdbool.h>

/* What filch_trace_format writes, with the closing NUL. */
enum { FILCH_TRACE_TEXT = 56 };

enum { FILCH_TRACE_SAMPLED = 1 };

/* A plain value. Zero bytes: no trace. */
typedef struct filch_trace {
    uint8_t trace[16]; /* the same in all of it; not all zero */
    uint8_t span[8];   /* the one request or job; not all zero */
    uint8_t flags;     /* FILCH_TRACE_SAMPLED: its caller may have recorded it */
} filch_trace;

FILCH_BEGIN_DECLS

/* Reads a header's value of `size` bytes. Nothing may stand around it. -EINVAL it is none; *out is
 * untouched: the caller has to go on as if there were no header. A version above 00 is read as far
 * as this one goes. Of the flags only those that are known stay. */
FILCH_API int filch_trace_parse(filch_trace *out, const char *text, size_t size);
/* Writes it, as version 00, with a closing NUL. -EINVAL an id is all zero; out is "" then. */
FILCH_API int filch_trace_format(const filch_trace *trace, char out[FILCH_TRACE_TEXT]);
/* Begins a trace, with random ids. */
FILCH_API void filch_trace_start(filch_trace *out, bool sampled);
/* A span of the same trace below parent, with a random id. out may be parent. */
FILCH_API void filch_trace_child(filch_trace *out, const filch_trace *parent);

FILCH_END_DECLS
#endif
