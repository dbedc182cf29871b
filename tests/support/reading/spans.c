/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <tests/support/reading.h>
#include <tests/support/test.h>

filch_span *spans_ended[64];
unsigned spans_count;

void spans_keep(filch_span *span, void *arg)
{
    cr_assert_eq(arg, &spans_count);
    spans_ended[spans_count++ % 64] = filch_span_retain(span);
}

const filch_tracer spans_tracer = {.sink = spans_keep, .arg = &spans_count};

filch_span *span_begun(const filch_tracer *by, const filch_span_options *options)
{
    filch_span *span = NULL;
    cr_assert_eq(filch_span_begin(&span, by, "work", options), 0, "%s", filch_error());
    return span;
}

const filch_span_record *span_finished(filch_span *span)
{
    unsigned before = spans_count;
    OK(filch_span_end(span));
    cr_assert_eq(spans_count, before + 1);
    cr_assert_eq(spans_ended[before % 64], span);
    filch_span_release(span);
    return filch_span_read(spans_ended[before % 64]);
}

void spans_forget(void)
{
    for (unsigned i = 0; i < spans_count; i++)
        filch_span_release(spans_ended[i]);
    spans_count = 0;
}

int span_set_one(filch_span *span, filch_log_field field)
{
    return filch_span_set(span, &field, 1);
}
