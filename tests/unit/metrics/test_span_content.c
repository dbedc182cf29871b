/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The content of a span: attributes, events and a status, copied and within limits. */
#include <errno.h>

#include <filch/span.h>
#include <string.h>
#include <tests/support/reading.h>
#include <tests/support/tasks.h>
#include <tests/support/test.h>

/* ---- Attributes ---- */

Test(span, attributes_are_copied_replaced_by_key)
{
    char name[] = "task.id", value[] = "17";
    filch_span *span = span_begun(&spans_tracer, NULL);
    FILCH_SPAN_SET(span, filch_log_text(name, value), filch_log_int("worker.id", INT64_MIN),
                   filch_log_float("load", 0.5), filch_log_bool("late", 7),
                   filch_log_text("nothing", NULL));
    name[0] = value[0] = '?';
    FILCH_SPAN_SET(span, filch_log_text("load", "high"), filch_log_int("task", 3));
    const filch_span_record *record = span_finished(span);
    cr_assert_eq(record->count, 6);
    cr_assert_eq(record->dropped_attributes, 0);
    cr_assert_str_eq(record->attributes[0].name, "task.id");
    cr_assert_str_eq(record->attributes[0].as.text, "17");
    cr_assert_eq(record->attributes[1].as.integer, INT64_MIN);
    cr_assert_str_eq(record->attributes[2].name, "load");
    cr_assert_eq(record->attributes[2].kind, FILCH_LOG_KIND_TEXT);
    cr_assert_str_eq(record->attributes[2].as.text, "high");
    cr_assert_eq(record->attributes[3].kind, FILCH_LOG_KIND_BOOL);
    cr_assert_eq(record->attributes[3].as.integer, 1);
    cr_assert_str_eq(record->attributes[4].as.text, "");
    cr_assert_str_eq(record->attributes[5].name, "task");
    spans_forget();
}

Test(span, attributes_beyond_the_limit_are_counted)
{
    const filch_tracer three = {.sink = spans_keep, .arg = &spans_count, .attributes = 3};
    filch_span *span = span_begun(&three, NULL);
    char name[] = "a";
    for (name[0] = 'a'; name[0] < 'h'; name[0]++)
        cr_assert_eq(span_set_one(span, filch_log_int(name, name[0])), name[0] < 'd' ? 0 : -ENOSPC);
    cr_assert_eq(span_set_one(span, filch_log_int("b", 5)), 0, "there is a row of this key");
    cr_assert_eq(span_set_one(span, filch_log_int("", 5)), -EINVAL);
    cr_assert_eq(span_set_one(span, filch_log_int(NULL, 5)), -EINVAL);
    cr_assert_eq(span_set_one(span, filch_log_trace(NULL)), -EINVAL);
    const filch_span_record *record = span_finished(span);
    cr_assert_eq(record->count, 3);
    cr_assert_eq(record->attributes[1].as.integer, 5);
    cr_assert_eq(record->dropped_attributes, 7);
    spans_forget();
}

static const struct {
    const char *text, *kept; /* of at most 16 bytes */
} cuts[] = {
    {"0123456789abcdef", "0123456789abcdef"},
    {"0123456789abcdefg", "0123456789abcdef"},
    {"0123456789abcde\xc3\xa4", "0123456789abcde"},
    {"0123456789abcd\xc3\xa4g", "0123456789abcd\xc3\xa4"},
    {"0123456789abc\xf0\x9f\x90\xa6", "0123456789abc"},
    {"0123456789ab\xf0\x9f\x90\xa6!", "0123456789ab\xf0\x9f\x90\xa6"},
    /* no UTF-8: cut somewhere */
    {"\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80",
     "\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80"},
};

Test(span, texts_are_cut_between_two_characters)
{
    const filch_tracer brief = {.sink = spans_keep, .arg = &spans_count, .text = 16};
    for (unsigned i = 0; i < sizeof cuts / sizeof *cuts; i++) {
        const char *text = cuts[i].text, *kept = cuts[i].kept;
        filch_span *span;
        OK(filch_span_begin(&span, &brief, text, NULL));
        cr_assert_eq(span_set_one(span, filch_log_text(text, text)), 0);
        cr_assert_eq(span_set_one(span, filch_log_text(text, text)), 0);
        OK(filch_span_add_event(span, text, &(filch_log_field){.name = "a"}, 1));
        OK(filch_span_set_status(span, FILCH_SPAN_ERROR, text));
        const filch_span_record *record = span_finished(span);
        cr_assert_str_eq(record->name, kept, "%u", i);
        cr_assert_eq(record->count, 1, "%u", i);
        cr_assert_str_eq(record->attributes[0].name, kept, "%u", i);
        cr_assert_str_eq(record->attributes[0].as.text, kept, "%u", i);
        cr_assert_str_eq(record->events[0].name, kept, "%u", i);
        cr_assert_str_eq(record->message, kept, "%u", i);
    }
    spans_forget();
}

Test(span, only_recording_spans_compute_fields)
{
    int computed = 0;
    filch_span *span = span_begun(NULL, NULL), *recorded = span_begun(&spans_tracer, NULL);
    FILCH_SPAN_SET(span, filch_log_int("a", ++computed));
    FILCH_SPAN_EVENT(span, "e", filch_log_int("a", ++computed));
    FILCH_SPAN_SET(NULL, filch_log_int("a", ++computed));
    cr_assert_eq(computed, 0);
    FILCH_SPAN_SET(recorded, filch_log_int("a", ++computed));
    FILCH_SPAN_EVENT(recorded, "e", filch_log_int("a", ++computed));
    cr_assert_eq(computed, 2);
    OK(filch_span_end(recorded));
    FILCH_SPAN_SET(recorded, filch_log_int("a", ++computed));
    cr_assert_eq(computed, 2);
    filch_span_release(span);
    filch_span_release(recorded);
    spans_forget();
}

/* ---- Events ---- */

Test(span, events_keep_attributes_count_excess)
{
    const filch_tracer two = {.sink = spans_keep,
                              .arg = &spans_count,
                              .attributes = 2,
                              .events = 2};
    filch_span *span = span_begun(&two, NULL);
    char text[] = "x";
    const filch_log_field fields[] = {filch_log_trace(NULL), filch_log_text("t", text),
                                      filch_log_int("i", 3), filch_log_int("more", 4)};
    OK(filch_span_add_event(span, "one", fields, 4));
    text[0] = '?';
    cr_assert_eq(filch_span_add_event(span, NULL, fields, 4), -EINVAL);
    OK(filch_span_add_event(span, "two", NULL, 0));
    cr_assert_eq(filch_span_add_event(span, "three", fields, 4), -ENOSPC);
    const filch_span_record *record = span_finished(span);
    cr_assert_eq(record->event_count, 2);
    cr_assert_eq(record->dropped_events, 1);
    cr_assert_str_eq(record->events[0].name, "one");
    cr_assert_eq(record->events[0].count, 2);
    cr_assert_eq(record->events[0].dropped, 2);
    cr_assert_str_eq(record->events[0].attributes[0].as.text, "x");
    cr_assert_str_eq(record->events[0].attributes[1].name, "i");
    cr_assert_eq(record->events[0].attributes[1].as.integer, 3);
    cr_assert_str_eq(record->events[1].name, "two");
    cr_assert_eq(record->events[1].count, 0);
    spans_forget();
}

Test(span, errors_become_opentelemetry_exception_events)
{
    filch_span *span = span_begun(&spans_tracer, NULL);
    OK(filch_span_record_error(span, "ETIMEDOUT", "too late"));
    OK(filch_span_record_error(span, NULL, "only this"));
    OK(filch_span_record_error(span, NULL, NULL));
    const filch_span_record *record = span_finished(span);
    cr_assert_eq(record->status, FILCH_SPAN_UNSET);
    cr_assert_eq(record->event_count, 3);
    const filch_span_event *event = &record->events[0];
    cr_assert_str_eq(event->name, "exception");
    cr_assert_eq(event->count, 2);
    cr_assert_str_eq(event->attributes[0].name, "exception.type");
    cr_assert_str_eq(event->attributes[0].as.text, "ETIMEDOUT");
    cr_assert_str_eq(event->attributes[1].name, "exception.message");
    cr_assert_str_eq(event->attributes[1].as.text, "too late");
    cr_assert_str_eq(event[1].attributes[0].name, "exception.message");
    cr_assert_eq(event[2].count, 0);
    spans_forget();
}

/* ---- Status ---- */

enum { U = FILCH_SPAN_UNSET, O = FILCH_SPAN_OK, E = FILCH_SPAN_ERROR };

static const struct {
    int set[3], rc[3], status;
    const char *message; /* a set sends "0", "1", "2" */
} statuses[] = {
    {{U, U, U}, {0, 0, 0}, U, ""},  {{O, E, U}, {0, -EALREADY, 0}, O, ""},
    {{E, U, U}, {0, 0, 0}, E, "0"}, {{E, E, U}, {0, 0, 0}, E, "1"},
    {{E, U, O}, {0, 0, 0}, O, ""},  {{O, O, E}, {0, -EALREADY, -EALREADY}, O, ""},
};

Test(span, success_is_final_last_error_counts)
{
    for (unsigned i = 0; i < sizeof statuses / sizeof *statuses; i++) {
        filch_span *span = span_begun(&spans_tracer, NULL);
        for (int k = 0; k < 3; k++)
            cr_assert_eq(filch_span_set_status(span, (filch_span_status)statuses[i].set[k],
                                               (char[]){(char)('0' + k), 0}),
                         statuses[i].rc[k], "%u, %d", i, k);
        const filch_span_record *record = span_finished(span);
        cr_assert_eq((int)record->status, statuses[i].status, "%u", i);
        cr_assert_str_eq(record->message, statuses[i].message, "%u", i);
    }
    filch_span *span = span_begun(&spans_tracer, NULL);
    OK(filch_span_set_status(span, FILCH_SPAN_ERROR, NULL));
    cr_assert_eq(filch_span_set_status(span, (filch_span_status)3, NULL), -EINVAL);
    cr_assert_str_eq(span_finished(span)->message, "");
    spans_forget();
}

/* Spans that several tasks and threads use at a time: nothing is lost or counted twice, and one of
 * them ends the span. */

enum { PARTIES = 6, SETS = 40, ATTRIBUTES = 100 };

typedef struct shared {
    filch_context *context;
    signpost refused, late, ends;
    signpost attributes, dropped, calls; /* of the sink */
} shared;

static void take(filch_span *span, void *arg)
{
    shared *all = arg;
    const filch_span_record *record = filch_span_read(span);
    filch_u32_add(&all->attributes, (uint32_t)record->count, FILCH_ACQ_REL);
    filch_u32_add(&all->dropped, (uint32_t)record->dropped_attributes, FILCH_ACQ_REL);
    for (size_t i = 0; i < record->count; i++)
        if (strcmp(record->attributes[i].name, record->attributes[i].as.text) != 0)
            filch_die("key '%s', value '%s'", record->attributes[i].name,
                      record->attributes[i].as.text);
    signpost_raise(&all->calls);
}

/* Each party has keys of its own, and sets each twice. The last to come ends the span. */
static void use(void *arg)
{
    shared *all = arg;
    filch_span *span = filch_context_span(all->context);
    char key[32];
    for (unsigned i = 0; i < SETS; i++) {
        snprintf(key, sizeof key, "%p-%u", (void *)key, i / 2);
        filch_log_field field = filch_log_text(key, key);
        int rc = filch_span_set(span, &field, 1);
        if (rc == -ENOSPC)
            signpost_raise(&all->refused);
    }
    if (filch_u32_add(&all->late, 1, FILCH_ACQ_REL) == PARTIES - 1) {
        filch_context_release(all->context); /* the last reference */
        signpost_raise(&all->ends);
    }
}

static void share(crew *parties, const filch_tracer *tracer, shared *all)
{
    filch_span *span = NULL;
    *all = (shared){.context = NULL};
    OK(filch_span_begin(&span, tracer, "shared", NULL));
    OK(filch_context_create_span(&all->context, NULL, span));
    filch_span_release(span);
    for (unsigned i = 0; i < PARTIES; i++)
        crew_start(parties, (enum crew_kind)(i % CREW_KINDS), use, all);
    crew_wait(parties);
}

Test(span_shared, no_attribute_is_lost_or_doubled)
{
    static shared all;
    const filch_tracer tracer = {.sink = take, .arg = &all, .attributes = ATTRIBUTES};
    for (unsigned config = 0; config < CONFIGS - 2; config += 2) { /* 1, 2 and 8 workers */
        static crew parties;
        const char *name = crew_open(&parties, config);
        for (unsigned round = stress_times(20); round--;) {
            share(&parties, &tracer, &all);
            cr_assert_eq(signpost_count(&all.calls), 1, "%s", name);
            cr_assert_eq(signpost_count(&all.dropped), signpost_count(&all.refused), "%s", name);
            cr_assert_leq(signpost_count(&all.attributes), ATTRIBUTES, "%s", name);
        }
        crew_close(&parties);
    }
}

/* ---- The end ---- */

typedef struct race {
    filch_span *span;
    signpost ended, already, wrong, calls, start;
} race;

static void take_race(filch_span *span, void *arg)
{
    race *all = arg;
    if (!filch_span_read(span))
        signpost_raise(&all->wrong);
    signpost_raise(&all->calls);
}

static void try_to_end(void *arg)
{
    race *all = arg;
    int rc = filch_span_end(all->span);
    signpost_raise(rc == 0 ? &all->ended : rc == -EALREADY ? &all->already : &all->wrong);
    if (!filch_span_read(all->span) || filch_span_recording(all->span))
        signpost_raise(&all->wrong);
    filch_span_release(all->span);
}

Test(span_shared, one_of_many_ends_it)
{
    static race all;
    const filch_tracer tracer = {.sink = take_race, .arg = &all};
    for (unsigned config = 0; config < CONFIGS - 2; config += 2) {
        static crew parties;
        const char *name = crew_open(&parties, config);
        for (unsigned round = stress_times(20); round--;) {
            all = (race){.span = NULL};
            OK(filch_span_begin(&all.span, &tracer, "race", NULL));
            for (unsigned i = 1; i < PARTIES; i++)
                filch_span_retain(all.span);
            for (unsigned i = 0; i < PARTIES; i++)
                crew_start(&parties, (enum crew_kind)(i % CREW_KINDS), try_to_end, &all);
            crew_wait(&parties);
            cr_assert_eq(signpost_count(&all.calls), 1, "%s", name);
            cr_assert_eq(signpost_count(&all.ended), 1, "%s", name);
            cr_assert_eq(signpost_count(&all.already), PARTIES - 1, "%s", name);
            cr_assert_eq(signpost_count(&all.wrong), 0, "%s", name);
        }
        crew_close(&parties);
    }
}
