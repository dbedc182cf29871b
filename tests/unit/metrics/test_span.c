/* SPDX-License-Identifier: MIT OR Apache-2.0
 * test: wraps clock_gettime
 *
 * Spans: whose children they are, which of them are recorded, and that each recorded one reaches the
 * sink once. Linked with a wrapper of clock_gettime. */
#include <errno.h>
#include <string.h>
#include <tests/support/reading.h>
#include <tests/support/tasks.h>
#include <tests/support/test.h>
#include <time.h>

#define IDS "4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7"

static int64_t date; /* ns; 0: as the system has it */

int __real_clock_gettime(clockid_t clock, struct timespec *now);
int __wrap_clock_gettime(clockid_t clock, struct timespec *now);
int __wrap_clock_gettime(clockid_t clock, struct timespec *now)
{
    if (clock != CLOCK_REALTIME || !date)
        return __real_clock_gettime(clock, now);
    *now = (struct timespec){date / 1000000000, date % 1000000000};
    return 0;
}

static filch_traceparent caller_of(const char *header)
{
    filch_traceparent caller;
    OK(filch_traceparent_parse(&caller, header, strlen(header)));
    return caller;
}

static bool same_trace(filch_traceparent a, filch_traceparent b)
{
    return !memcmp(a.trace, b.trace, sizeof a.trace);
}

static bool same_span(filch_traceparent a, filch_traceparent b)
{
    return !memcmp(a.span, b.span, sizeof a.span);
}

static filch_context *carrying(filch_context *parent, filch_span *span)
{
    filch_context *context = NULL;
    cr_assert_eq(filch_context_create_span(&context, parent, span), 0, "%s", filch_error());
    return context;
}

/* ---- Parents ---- */

static const uint8_t none[8];

Test(span, parentless_span_begins_trace)
{
    char text[FILCH_TRACEPARENT_TEXT];
    filch_context *empty = child_of(NULL);
    filch_traceparent no_caller = {{0}, {0}, 0};
    const filch_span_options all[] = {{0}, {.context = empty}, {.caller = &no_caller}};
    for (unsigned i = 0; i < 3; i++) {
        filch_span *span = span_begun(&spans_tracer, i ? &all[i] : NULL);
        filch_traceparent trace = filch_span_trace(span);
        OK(filch_traceparent_format(&trace, text));
        cr_assert_eq(trace.flags, FILCH_TRACEPARENT_SAMPLED);
        cr_assert_str_eq(filch_span_state(span), "");
        const filch_span_record *record = span_finished(span);
        cr_assert_eq(memcmp(&record->trace, &trace, sizeof trace), 0);
        cr_assert_arr_eq(record->parent, none, sizeof none);
        cr_assert_not(record->remote);
        cr_assert_str_eq(record->name, "work");
        cr_assert_eq(record->kind, FILCH_SPAN_INTERNAL);
    }
    filch_context_release(empty);
    spans_forget();
}

Test(span, caller_becomes_parent_with_its_state)
{
    filch_traceparent caller = caller_of("00-" IDS "-01");
    filch_tracestate state = {.text = ""};
    OK(filch_tracestate_add(&state, "rojo=1 , congo=2", 16));
    filch_span *other = span_begun(&spans_tracer, NULL);
    filch_context *context = carrying(NULL, other);
    filch_span *span =
        span_begun(&spans_tracer, &(filch_span_options){.caller = &caller,
                                                        .state = &state,
                                                        .context = context,
                                                        .kind = FILCH_SPAN_CONSUMER});
    filch_traceparent trace = filch_span_trace(span);
    state = (filch_tracestate){.text = "gone=1"};
    cr_assert(same_trace(trace, caller));
    cr_assert_not(same_span(trace, caller));
    cr_assert_str_eq(filch_span_state(span), "rojo=1,congo=2");
    const filch_span_record *record = span_finished(span);
    cr_assert_arr_eq(record->parent, caller.span, sizeof caller.span);
    cr_assert(record->remote);
    cr_assert_str_eq(record->state, "rojo=1,congo=2");
    cr_assert_eq(record->kind, FILCH_SPAN_CONSUMER);
    filch_context_release(context);
    span_finished(other);
    spans_forget();
}

Test(span, nearest_context_span_is_parent)
{
    filch_traceparent caller = caller_of("00-" IDS "-01");
    filch_tracestate state = {.text = "congo=2"};
    filch_span *outer =
        span_begun(&spans_tracer, &(filch_span_options){.caller = &caller, .state = &state});
    filch_context *above = carrying(NULL, outer);
    filch_context *request = child_of(above);
    cr_assert_eq(filch_context_span(request), outer);
    filch_span *inner = span_begun(&spans_tracer, &(filch_span_options){.context = request});
    filch_context *below = carrying(request, inner);
    cr_assert_eq(filch_context_span(below), inner);
    filch_span *innermost = span_begun(NULL, &(filch_span_options){.context = below});
    cr_assert(same_span(filch_span_trace(innermost), filch_span_trace(inner)));
    cr_assert_str_eq(filch_span_state(innermost), "congo=2");
    filch_span_release(innermost);
    filch_traceparent of_outer = filch_span_trace(outer);
    const filch_span_record *record = span_finished(inner);
    cr_assert(same_trace(record->trace, caller));
    cr_assert_arr_eq(record->parent, of_outer.span, sizeof of_outer.span);
    cr_assert_not(record->remote);
    cr_assert_str_eq(record->state, "congo=2");
    filch_context *without = carrying(below, NULL);
    cr_assert_null(filch_context_span(without));
    cr_assert_null(filch_context_span(NULL));
    span_finished(outer);
    filch_context_release(without);
    filch_context_release(below);
    filch_context_release(request);
    filch_context_release(above);
    spans_forget();
}

/* ---- Sampling ---- */

Test(span, unsampled_caller_records_nothing)
{
    filch_traceparent caller = caller_of("00-" IDS "-00");
    filch_span *span = span_begun(&spans_tracer, &(filch_span_options){.caller = &caller});
    filch_context *context = carrying(NULL, span);
    filch_span *child = span_begun(&spans_tracer, &(filch_span_options){.context = context});
    cr_assert_not(filch_span_recording(span));
    cr_assert(same_trace(filch_span_trace(child), caller));
    cr_assert_not(same_span(filch_span_trace(child), filch_span_trace(span)));
    cr_assert_eq(filch_span_trace(child).flags, 0);
    OK(filch_span_set(span, (filch_log_field[]){filch_log_int("a", 1)}, 1));
    OK(filch_span_add_event(span, "e", NULL, 0));
    OK(filch_span_set_status(span, FILCH_SPAN_ERROR, "m"));
    OK(filch_span_end(child));
    OK(filch_span_end(span));
    cr_assert_eq(filch_span_end(span), -EALREADY);
    cr_assert_null(filch_span_read(span));
    filch_span_release(child);
    filch_context_release(context);
    filch_span_release(span);
    cr_assert_eq(spans_count, 0);
}

static uint64_t tail_of(filch_traceparent trace)
{
    uint64_t tail = 0;
    for (unsigned i = 8; i < 16; i++)
        tail = tail << 8 | trace.trace[i];
    return tail;
}

Test(span, trace_id_alone_decides_sampling)
{
    enum { MANY = 2000, ONE_IN = 4 };
    unsigned recorded = 0;
    const filch_tracer some = {.sink = spans_keep, .arg = &spans_count, .one_in = ONE_IN};
    for (unsigned i = 0; i < MANY; i++) {
        filch_span *span = span_begun(&some, NULL);
        bool chosen = tail_of(filch_span_trace(span)) % ONE_IN == 0;
        cr_assert_eq(filch_span_recording(span), chosen);
        cr_assert_eq(filch_span_trace(span).flags, chosen ? FILCH_TRACEPARENT_SAMPLED : 0);
        recorded += chosen;
        filch_span_release(span);
        spans_forget();
    }
    cr_assert(recorded > MANY / ONE_IN / 2 && recorded < MANY / ONE_IN * 2, "%u", recorded);
}

Test(span, sampled_caller_is_always_followed)
{
    const filch_tracer rare = {.sink = spans_keep, .arg = &spans_count, .one_in = UINT32_MAX};
    filch_traceparent caller = caller_of("00-" IDS "-01");
    filch_span *span = span_begun(&rare, &(filch_span_options){.caller = &caller});
    cr_assert(filch_span_recording(span));
    span_finished(span);
    spans_forget();
}

Test(span, missing_sink_passes_caller_identity)
{
    filch_traceparent caller = caller_of("00-" IDS "-01");
    static const filch_tracer deaf = {.one_in = 1};
    const filch_tracer *all[] = {NULL, &deaf};
    for (unsigned i = 0; i < 2; i++) {
        filch_span *span = span_begun(all[i], &(filch_span_options){.caller = &caller});
        filch_traceparent trace = filch_span_trace(span);
        cr_assert_eq(memcmp(&trace, &caller, sizeof trace), 0);
        cr_assert_not(filch_span_recording(span));
        filch_span_release(span);
        span = span_begun(all[i], NULL);
        cr_assert_eq(filch_span_trace(span).flags, 0);
        filch_span_release(span);
    }
}

/* ---- Times ---- */

Test(span, clock_setback_keeps_end_after_begin)
{
    date = INT64_C(1800000000123456789);
    filch_span *span = span_begun(&spans_tracer, NULL);
    OK(filch_span_add_event(span, "first", NULL, 0));
    date -= 3600 * FILCH_SECOND;
    const filch_span_record *record = span_finished(span);
    cr_assert_eq(record->began, INT64_C(1800000000123456789));
    cr_assert_geq(record->duration, 0);
    cr_assert_eq(record->ended, record->began + record->duration);
    cr_assert_eq(record->events[0].at, record->began);
    spans_forget();
}

/* ---- Ends ---- */

Test(span, span_ends_once_and_freezes)
{
    filch_span *span = span_begun(&spans_tracer, NULL);
    cr_assert(filch_span_recording(span));
    cr_assert_null(filch_span_read(span));
    filch_span_retain(span);
    const filch_span_record *record = span_finished(span);
    cr_assert_not(filch_span_recording(span));
    cr_assert_eq(filch_span_end(span), -EALREADY);
    cr_assert_eq(span_set_one(span, filch_log_int("a", 1)), -EALREADY);
    cr_assert_eq(filch_span_add_event(span, "e", NULL, 0), -EALREADY);
    cr_assert_eq(filch_span_set_status(span, FILCH_SPAN_ERROR, "m"), -EALREADY);
    cr_assert_eq(record->count + record->dropped_attributes, 0);
    cr_assert_eq(record->event_count + record->dropped_events, 0);
    cr_assert_eq(record->status, FILCH_SPAN_UNSET);
    filch_span_release(span);
    cr_assert_eq(spans_count, 1);
    spans_forget();
}

Test(span, the_last_release_ends_it)
{
    filch_span *span = span_begun(&spans_tracer, NULL);
    filch_context *context = carrying(NULL, span), *below = child_of(context);
    FILCH_SPAN_SET(span, filch_log_int("a", 1));
    filch_span_release(span);
    filch_context_release(context);
    cr_assert_eq(filch_context_span(below), span);
    FILCH_SPAN_SET(filch_context_span(below), filch_log_int("b", 2));
    cr_assert_eq(spans_count, 0);
    filch_context_release(below);
    cr_assert_eq(spans_count, 1);
    const filch_span_record *record = filch_span_read(spans_ended[0]);
    cr_assert_eq(record->count, 2);
    spans_forget();
}

Test(span, no_span_is_harmless)
{
    filch_traceparent trace = filch_span_trace(NULL), zero = {{0}, {0}, 0};
    cr_assert_eq(memcmp(&trace, &zero, sizeof trace), 0);
    cr_assert_str_eq(filch_span_state(NULL), "");
    cr_assert_null(filch_span_read(NULL));
    cr_assert_null(filch_span_retain(NULL));
    filch_span_release(NULL);
    OK(filch_span_end(NULL));
    cr_assert_eq(span_set_one(NULL, filch_log_int("a", 1)), 0);
    OK(filch_span_add_event(NULL, "e", NULL, 0));
    OK(filch_span_record_error(NULL, "t", "m"));
    OK(filch_span_set_status(NULL, FILCH_SPAN_OK, NULL));
}

Test(span, bad_arguments_are_refused)
{
    filch_span *span = (filch_span *)&spans_count;
    cr_assert_eq(filch_span_begin(NULL, &spans_tracer, "a", NULL), -EINVAL);
    cr_assert_eq(filch_span_begin(&span, &spans_tracer, NULL, NULL), -EINVAL);
    cr_assert_eq(filch_span_begin(&span, &spans_tracer, "a",
                                  &(filch_span_options){.kind = (filch_span_kind)5}),
                 -EINVAL);
    cr_assert_null(span);
    static const filch_tracer bad[] = {{.attributes = 1001},
                                       {.events = 1001},
                                       {.text = 65537},
                                       {.text = 15}};
    for (unsigned i = 0; i < sizeof bad / sizeof *bad; i++)
        cr_assert_eq(filch_span_begin(&span, &bad[i], "a", NULL), -EINVAL, "%u", i);
}
