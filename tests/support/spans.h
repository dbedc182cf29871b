/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Spans of a test with one thread, and a sink that keeps them. */
#ifndef SUPPORT_SPANS_H
#define SUPPORT_SPANS_H

#include <filch/span.h>
#include <tests/support/test.h>

static filch_span *ended[64];
static unsigned ends;

static inline void keep(filch_span *span, void *arg)
{
    cr_assert_eq(arg, &ends);
    ended[ends++ % 64] = filch_span_retain(span);
}

static const filch_tracer tracer = {.sink = keep, .arg = &ends};

static inline filch_span *begun(const filch_tracer *by, const filch_span_options *options)
{
    filch_span *span = NULL;
    cr_assert_eq(filch_span_begin(&span, by, "work", options), 0, "%s", filch_error());
    return span;
}

/* Ends it, and returns its record, which the sink keeps. */
static inline const filch_span_record *finished(filch_span *span)
{
    unsigned before = ends;
    OK(filch_span_end(span));
    cr_assert_eq(ends, before + 1);
    cr_assert_eq(ended[before % 64], span);
    filch_span_release(span);
    return filch_span_read(ended[before % 64]);
}

static inline void forget_all(void)
{
    for (unsigned i = 0; i < ends; i++)
        filch_span_release(ended[i]);
    ends = 0;
}

static inline int set_one(filch_span *span, filch_log_field field)
{
    return filch_span_set(span, &field, 1);
}

#endif
