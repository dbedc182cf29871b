/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Spans to which memory is refused: the work goes on without them, or without a part of their
 * content, which is counted. */
#include <criterion/criterion.h>
#include <errno.h>
#include <filch/filch.h>
#include <filch/span.h>
#include <tests/support/refuse.h>

static unsigned calls;

static void take(filch_span *span, void *arg)
{
    (void)arg;
    cr_assert_not_null(filch_span_read(span));
    calls++;
}

static const filch_tracer tracer = {.sink = take};

Test(refused_span, without_memory_there_is_none_and_later_there_is)
{
    filch_span *span = NULL;
    filch_context *context = NULL;
    int64_t held = blocks;
    ASSERT_REFUSED(MEMORY, filch_span_begin(&span, &tracer, "work", NULL), -ENOMEM, span);
    cr_assert_eq(filch_span_begin(&span, &tracer, "work", NULL), 0);
    ASSERT_REFUSED(MEMORY, filch_context_create_span(&context, NULL, span), -ENOMEM, context);
    cr_assert_eq(calls, 0, "the refused context holds no reference, and has dropped none");
    cr_assert_eq(filch_context_create_span(&context, NULL, span), 0);
    filch_span_release(span);
    filch_context_release(context);
    cr_assert_eq(calls, 1);
    cr_assert_eq(blocks, held);
}

/* Refuses the n-th request, for each n until none is refused. */
Test(refused_span, lost_content_is_counted)
{
    int64_t held = blocks;
    const filch_log_field field = filch_log_text("key", "text");
    for (unsigned at = 0, refused = 1; refused; at++) {
        filch_span *span = NULL;
        cr_assert_eq(filch_span_begin(&span, &tracer, "work", NULL), 0);
        refuse(MEMORY, at, false);
        int set = filch_span_set(span, &field, 1);
        int replaced = filch_span_set(span, &field, 1);
        int event = filch_span_record_error(span, "type", "message");
        int status = filch_span_set_status(span, FILCH_SPAN_ERROR, "message");
        int again = filch_span_set_status(span, FILCH_SPAN_ERROR, "message");
        refused = (unsigned)refuse_no_more(MEMORY);
        const int all[] = {set, replaced, event, status, again};
        for (unsigned i = 0; i < 5; i++)
            cr_assert_eq(all[i], i == at ? -ENOMEM : 0, "%u, %u", at, i);
        filch_span_retain(span);
        cr_assert_eq(filch_span_end(span), 0);
        const filch_span_record *record = filch_span_read(span);
        cr_assert_eq(record->count, 1);
        cr_assert_str_eq(record->attributes[0].as.text, "text");
        cr_assert_eq(record->dropped_attributes, set || replaced);
        cr_assert_eq(record->event_count, !event);
        cr_assert_eq(record->dropped_events, (size_t)(event != 0));
        cr_assert_eq(record->status, FILCH_SPAN_ERROR);
        cr_assert_str_eq(record->message, again ? "" : "message");
        filch_span_release(span);
        filch_span_release(span);
        cr_assert_eq(blocks, held);
        cr_assert_leq(at, 5);
    }
    cr_assert_eq(calls, 6);
}
