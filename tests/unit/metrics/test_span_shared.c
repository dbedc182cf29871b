/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Spans that several tasks and threads use at a time: nothing is lost or counted twice, and one of
 * them ends the span. */
#include <filch/span.h>
#include <tests/support/tasks.h>
#include <tests/support/test.h>

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
