/* SPDX-License-Identifier: MIT OR Apache-2.0
 * test: needs filch_trace_parts
 *
 * The figures of a trace with known times: time of workers, thefts, latencies, waits and runs; and the parts of
 * its rows. */
#include <filch/atomic.h>
#include <runtime/engine/inbox.h>
#include <tests/support/test.h>
#include <tests/support/tools.h>
#include <tools/trace/analysis.h>
#include <tools/trace/clock.h>
#include <tools/trace/export/chrome.h>
#include <tools/trace/lanes.h>
#include <tools/trace/table.h>

enum { TASK = 1, WAIT = 2, ITEM = 77 };

/* A thread submits a job, worker 0 runs it on fiber 4, which waits; worker 1 makes it ready, and goes on with
 * it after a theft from worker 0. */
static const made_event story[] = {
    {0, 100, FL_TRACE_DOES, FL_SEARCHING, 3},
    {0, 200, FL_TRACE_DOES, FL_SLEEPING, 3},
    {1, 200, FL_TRACE_DOES, FL_SEARCHING, 1},
    {FL_TRACE_OUTSIDE, 1000, FL_TRACE_SUBMIT, ITEM, 0},
    {FL_TRACE_OUTSIDE, 1010, FL_TRACE_WAKE, 0, 0},
    {0, 1500, FL_TRACE_DOES, FL_WORKING, 2},
    {0, 1600, FL_TRACE_SWITCH, 4, 0},
    {0, 2000, FL_TRACE_JOB, ITEM, TASK},
    {0, 3000, FL_TRACE_WAIT, 4, WAIT},
    {0, 3000, FL_TRACE_SWITCH, 0, 0},
    {0, 3100, FL_TRACE_DOES, FL_SEARCHING, 2},
    {1, 4000, FL_TRACE_RESUME, 4, 0},
    {1, 4100, FL_TRACE_GIFT, 0, 3},
    {1, 4200, FL_TRACE_READY_STEAL, 0, 0},
    {1, 4300, FL_TRACE_FORCED, 0, 0},
    {1, 4400, FL_TRACE_DOES, FL_WORKING, 1},
    {1, 4400, FL_TRACE_PREEMPTED, 5, 0},
    {1, 4500, FL_TRACE_SWITCH, 4, 0},
    {1, 4600, FL_TRACE_GO_ON, 4, 0},
    {1, 7000, FL_TRACE_JOB_END, 4, 0},
    {0},
};

static trace_file *open_story(void)
{
    static const char names[] = "task\0wait";
    made_trace made;
    made_begin(&made, 2, 10000);
    made_events(&made, 0, story);
    made_events(&made, 1, story);
    made_events(&made, FL_TRACE_OUTSIDE, story);
    made_names(&made, names, sizeof names);
    made_end(&made);
    return opened_trace(made.path);
}

static void one_of(const spread *s, int64_t ns)
{
    cr_assert_eq(s->count, 1);
    cr_assert_eq(s->sum, ns);
    cr_assert_eq(s->most, ns);
}

Test(trace_figures, worker_time_is_split_by_activity)
{
    trace_file *trace = open_story();
    analysis a;
    cr_assert(analyse(&a, trace));
    const worker_figures *first = &a.worker[0], *second = &a.worker[1];
    cr_assert_eq(first->spent[FL_WORKING], 3100 - 1500);
    cr_assert_eq(first->spent[FL_SLEEPING], 1500 - 200);
    cr_assert_eq(first->spent[FL_SEARCHING], 100 + 10000 - 3100);
    cr_assert_eq(second->spent[FL_WORKING], 10000 - 4400);
    cr_assert_eq(first->parks, 1);
    cr_assert_eq(first->moves, 1, "from CPU 3 to CPU 2");
    cr_assert_eq(second->moves, 0);
    cr_assert_eq(first->waits, 1);
    cr_assert_eq(first->switches, 2);
    cr_assert_eq(second->preempted, 5);
    cr_assert_eq(a.events, sizeof story / sizeof *story - 1);
    analysis_free(&a);
    trace_close(trace);
}

Test(trace_figures, steals_count_by_way_and_victim)
{
    trace_file *trace = open_story();
    analysis a;
    cr_assert(analyse(&a, trace));
    cr_assert_eq(a.worker[1].taken[0], 3);
    cr_assert_eq(a.worker[1].taken[1], 1);
    cr_assert_eq(a.worker[1].taken[2], 1);
    cr_assert_eq(a.matrix[1 * 2 + 0], 5);
    cr_assert_eq(a.matrix[0 * 2 + 1], 0);
    analysis_free(&a);
    trace_close(trace);
}

Test(trace_figures, latencies_waits_and_runs_are_measured)
{
    trace_file *trace = open_story();
    analysis a;
    cr_assert(analyse(&a, trace));
    one_of(&a.latency[LATENCY_JOB_OUTSIDE], 2000 - 1000);
    one_of(&a.latency[LATENCY_FIBER_OWN], 4600 - 4000);
    one_of(&a.latency[LATENCY_WAKE], 1500 - 1010);
    cr_assert_eq(a.latency[LATENCY_JOB_OWN].count + a.latency[LATENCY_FIBER_OTHER].count, 0);
    cr_assert_eq(a.waits.count, 1);
    cr_assert_eq(a.waits.row[0]->name, WAIT);
    one_of(&a.waits.row[0]->length, 4600 - 3000);
    cr_assert_eq(a.runs.count, 1);
    cr_assert_eq(a.runs.row[0]->name, TASK);
    one_of(&a.runs.row[0]->length, 7000 - 2000);
    analysis_free(&a);
    trace_close(trace);
}

/* ---- Rows ---- */

static lane_part parts[32];
static unsigned part_count;

static void keep(void *arg, const lane_part *part)
{
    parts[part_count++] = *part;
}

Test(trace_figures, rows_are_gapless_and_name_tasks)
{
    static const lane_part wanted[] = {
        {0, 100, 200, FL_SEARCHING, 0, 0},  {0, 200, 1500, FL_SLEEPING, 0, 0},
        {0, 1500, 1600, FL_WORKING, 0, 0},  {0, 1600, 2000, FL_WORKING, 4, 0},
        {0, 2000, 3000, FL_WORKING, 4, 1},  {0, 3000, 3100, FL_WORKING, 0, 0},
        {1, 200, 4400, FL_SEARCHING, 0, 0}, {1, 4400, 4500, FL_WORKING, 0, 0},
        {1, 4500, 7000, FL_WORKING, 4, 1},  {0, 3100, 10000, FL_SEARCHING, 0, 0},
        {1, 7000, 10000, FL_WORKING, 4, 0},
    };
    trace_file *trace = open_story();
    lanes all;
    trace_event e;
    part_count = 0;
    cr_assert(lanes_begin(&all, 2, keep, NULL));
    while (trace_next(trace, &e))
        lanes_event(&all, &e);
    cr_assert(lanes_end(&all, 10000));
    cr_assert_eq(part_count, sizeof wanted / sizeof *wanted);
    for (unsigned i = 0; i < part_count; i++) {
        const lane_part *is = &parts[i], *w = &wanted[i];
        cr_assert(is->worker == w->worker && is->from == w->from && is->to == w->to &&
                      is->doing == w->doing && is->fiber == w->fiber && is->name == w->name,
                  "%u: %u, %d..%d, %d, %u, %u", i, is->worker, (int)is->from, (int)is->to,
                  (int)is->doing, is->fiber, is->name);
    }
    trace_close(trace);
}

Test(trace_figures, task_deep_in_joins_is_named)
{
    enum { DEEP = 20, LENGTH = 1000 };
    made_event events[DEEP + 4] = {{0, 1, FL_TRACE_DOES, FL_WORKING, 0},
                                   {0, 2, FL_TRACE_SWITCH, 4, 0}};
    made_trace made;
    lanes all;
    trace_event e;
    part_count = 0;
    for (uint32_t i = 0; i < DEEP; i++)
        events[2 + i] = (made_event){0, 3, FL_TRACE_RUN, i, i + 1 < DEEP ? 2 : TASK};
    events[2 + DEEP] = (made_event){0, LENGTH, FL_TRACE_RUN_END, DEEP - 1, 1};
    made_begin(&made, 1, LENGTH);
    made_events(&made, 0, events);
    made_end(&made);
    trace_file *trace = opened_trace(made.path);
    cr_assert(lanes_begin(&all, 1, keep, NULL));
    while (trace_next(trace, &e))
        lanes_event(&all, &e);
    cr_assert(lanes_end(&all, LENGTH));
    cr_assert_eq(parts[part_count - 1].from, 3);
    cr_assert_eq(parts[part_count - 1].name, TASK);
    trace_close(trace);
}

Test(trace_figures, panicked_task_ends_with_one_below)
{
    static const made_event events[] = {{0, 1, FL_TRACE_DOES, FL_WORKING, 0},
                                        {0, 2, FL_TRACE_SWITCH, 4, 0},
                                        {0, 3, FL_TRACE_JOB, ITEM, TASK},
                                        {0, 10, FL_TRACE_RUN, 5, 2},
                                        {0, 20, FL_TRACE_RUN, 6, 3}, /* panics */
                                        {0, 30, FL_TRACE_RUN_END, 5, 1},
                                        {0}};
    made_trace made;
    lanes all;
    trace_event e;
    part_count = 0;
    made_begin(&made, 1, 100);
    made_events(&made, 0, events);
    made_end(&made);
    trace_file *trace = opened_trace(made.path);
    cr_assert(lanes_begin(&all, 1, keep, NULL));
    while (trace_next(trace, &e))
        lanes_event(&all, &e);
    cr_assert(lanes_end(&all, 100));
    cr_assert_eq(parts[part_count - 1].from, 30);
    cr_assert_eq(parts[part_count - 1].name, TASK);
    trace_close(trace);
}

/* ---- Texts ---- */

Test(trace_figures, names_become_utf_8)
{
    static const char wanted[] = "\"gr\xc3\xb6\xc3\x9f"
                                 "e\\u00ff\"";
    static const char names[] = "gr\xc3\xb6\xc3\x9f"
                                "e\xff";
    static const made_event events[] = {{0, 5, FL_TRACE_MARK, 1, 0}, {0}};
    made_trace made;
    char *text;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    cr_assert_not_null(out);
    made_begin(&made, 1, 10);
    made_events(&made, 0, events);
    made_names(&made, names, sizeof names);
    made_end(&made);
    trace_file *trace = opened_trace(made.path);
    cr_assert_eq(chrome_write(trace, out), 0);
    cr_assert_eq(fclose(out), 0);
    cr_assert_not_null(memmem(text, size, wanted, strlen(wanted)), "%s", text);
    free(text);
    trace_close(trace);
}

/* ---- Below them ---- */

Test(trace_figures, changing_clock_rate_is_followed_piecewise)
{
    trace_clock clock = {0};
    size_t hint = 0;
    cr_assert(trace_clock_add(&clock, 0, 0));
    cr_assert(trace_clock_add(&clock, 1000, 500));
    cr_assert(trace_clock_add(&clock, 2000, 1500));
    cr_assert_eq(trace_clock_ready(&clock, false), 250);
    cr_assert_eq(trace_clock_ns(&clock, 500, &hint), 250);
    cr_assert_eq(trace_clock_ns(&clock, 1500, &hint), 1000);
    cr_assert_eq(trace_clock_ns(&clock, 4000, &hint), 3000, "at the rate of the whole");
    cr_assert_eq(trace_clock_ns(&clock, 100, &hint), 50, "backwards as well");
    trace_clock_free(&clock);
}

Test(trace_figures, percentiles_exceed_by_at_most_sixteenth)
{
    static spread s;
    for (int64_t ns = 1; ns <= 100000; ns++)
        spread_add(&s, ns);
    spread_add(&s, -5);
    for (double part = 0.01; part < 1; part += 0.01) {
        double is = (double)spread_at(&s, part), exact = part * 100000;
        cr_assert(is >= exact - 1 && is <= exact * 1.0625 + 1, "%f: %f", part, is);
    }
    cr_assert_eq(spread_at(&s, 1), 100000);
    cr_assert_eq(s.most, 100000);
}

Test(trace_figures, growing_table_keeps_all_keys)
{
    table t = {0};
    for (uint32_t key = 0; key < 5000; key++)
        table_at(&t, key * 64)->value = key;
    for (uint32_t key = 0; key < 5000; key++)
        cr_assert_eq(table_at(&t, key * 64)->value, key);
    cr_assert_eq(t.count, 5000);
    table_free(&t);
}
