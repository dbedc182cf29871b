/* SPDX-License-Identifier: MIT OR Apache-2.0
 * test: needs filch_trace_parts
 *
 * Work and span of traces: made ones, whose figures are known; random programs with an oracle; and runs. */
#include <filch/filch.h>
#include <filch/trace.h>
#include <runtime/trace/format.h>
#include <tests/support/tasks.h>
#include <tests/support/test.h>
#include <tests/support/tools.h>
#include <tools/trace/dag.h>
#include <tools/trace/span.h>

enum { ROOT = 1, TASK, OTHER, WAIT, ITEM = 77, SLOT = 500 };
static const char names[] = "root\0task\0other\0wait";

static trace_file *trace_of(const made_event *events, uint32_t workers, enum fl_trace_level level)
{
    return made_of(events, workers, level, names, sizeof names);
}

static span_figures measured(const made_event *events, uint32_t workers, dag *d, int64_t burden)
{
    span_figures figures;
    const char *why = NULL;
    trace_file *trace = trace_of(events, workers, FL_TRACE_TASKS);
    cr_assert_eq(dag_build(d, trace, &why), 0, "%s", why);
    cr_assert(span_measure(&figures, d, burden));
    trace_close(trace);
    return figures;
}

static void refused(const made_event *events, enum fl_trace_level level, const char *word)
{
    dag d;
    const char *why = NULL;
    trace_file *trace = trace_of(events, 2, level);
    cr_assert_eq(dag_build(&d, trace, &why), -EINVAL);
    cr_assert_not_null(strstr(why, word), "%s", why);
    trace_close(trace);
}

/* ---- Known figures ---- */

/* root: 10 ns, fork, 20 ns, join of a task of 50 ns, 5 ns. */
#define BEGIN                                                                                      \
    {FL_TRACE_OUTSIDE, 0, FL_TRACE_SUBMIT, ITEM, 0}, {0, 10, FL_TRACE_SWITCH, 4, 0},               \
    {                                                                                              \
        0, 100, FL_TRACE_JOB, ITEM, ROOT                                                           \
    }
#define FORK(at)                                                                                   \
    {                                                                                              \
        0, at, FL_TRACE_FORK, SLOT, TASK                                                           \
    }

static const struct {
    const char *claim;
    made_event events[20];
} known[] = {
    {"a task that runs in its join is parallel to what follows its fork",
     {BEGIN,
      FORK(110),
      {0, 130, FL_TRACE_RUN, SLOT, TASK},
      {0, 180, FL_TRACE_RUN_END, SLOT, 1},
      {0, 185, FL_TRACE_JOB_END, 4, 0},
      {0}}},
    {"waiting for a taken task is no work",
     {BEGIN,
      FORK(110),
      {1, 112, FL_TRACE_SWITCH, 5, 0},
      {1, 120, FL_TRACE_RUN, SLOT, TASK},
      {0, 130, FL_TRACE_JOIN, SLOT, 0},
      {1, 170, FL_TRACE_RUN_END, SLOT, 0},
      {0, 190, FL_TRACE_JOINED, SLOT, 0},
      {0, 195, FL_TRACE_JOB_END, 4, 0},
      {0}}},
    {"clocks that differ do not matter",
     {BEGIN,
      FORK(110),
      {1, 50, FL_TRACE_SWITCH, 5, 0},
      {1, 90, FL_TRACE_RUN, SLOT, TASK}, /* before its fork */
      {0, 130, FL_TRACE_JOIN, SLOT, 0},
      {1, 140, FL_TRACE_RUN_END, SLOT, 0},
      {0, 135, FL_TRACE_JOINED, SLOT, 0}, /* before its end */
      {0, 140, FL_TRACE_JOB_END, 4, 0},
      {0}}},
    {"a wait in a join and what its fiber does elsewhere are no work",
     {BEGIN,
      FORK(110),
      {1, 112, FL_TRACE_SWITCH, 5, 0},
      {1, 120, FL_TRACE_RUN, SLOT, TASK},
      {0, 130, FL_TRACE_JOIN, SLOT, 0},
      {0, 131, FL_TRACE_WAIT, 4, WAIT},
      {0, 131, FL_TRACE_SWITCH, 0, 0},
      {1, 170, FL_TRACE_RUN_END, SLOT, 0},
      {1, 171, FL_TRACE_RESUME, 4, 0},
      {1, 172, FL_TRACE_SWITCH, 4, 0},
      {1, 180, FL_TRACE_GO_ON, 4, 0},
      {1, 190, FL_TRACE_JOINED, SLOT, 0},
      {1, 195, FL_TRACE_JOB_END, 4, 0},
      {0}}},
    /* Worker 0 leaves the fiber by a late clock, when two others have arrived there, one after the other. */
    {"held back arrivals keep their order",
     {BEGIN,
      FORK(110),
      {1, 112, FL_TRACE_SWITCH, 5, 0},
      {1, 120, FL_TRACE_RUN, SLOT, TASK},
      {0, 120, FL_TRACE_WAIT, 4, WAIT},
      {0, 200, FL_TRACE_SWITCH, 0, 0},
      {2, 140, FL_TRACE_SWITCH, 4, 0},
      {2, 150, FL_TRACE_GO_ON, 4, 0},
      {2, 160, FL_TRACE_JOIN, SLOT, 0},
      {2, 165, FL_TRACE_WAIT, 4, WAIT},
      {2, 166, FL_TRACE_SWITCH, 0, 0},
      {1, 170, FL_TRACE_RUN_END, SLOT, 0},
      {1, 175, FL_TRACE_SWITCH, 4, 0},
      {1, 180, FL_TRACE_GO_ON, 4, 0},
      {1, 190, FL_TRACE_JOINED, SLOT, 0},
      {1, 195, FL_TRACE_JOB_END, 4, 0},
      {0}}},
    {"a task that ran in its fork is parallel too",
     {BEGIN,
      FORK(110),
      {0, 110, FL_TRACE_RUN, SLOT, TASK},
      {0, 160, FL_TRACE_RUN_END, SLOT, 0},
      {0, 180, FL_TRACE_JOINED, SLOT, 0},
      {0, 185, FL_TRACE_JOB_END, 4, 0},
      {0}}},
};

FOR_EACH(trace_span, known_traces_have_known_figures, known)
{
    dag d;
    span_figures f = measured(one->events, 3, &d, 7);
    span_if without;
    cr_assert_eq(f.work, 85);
    cr_assert_eq(f.span, 10 + 50 + 5);
    cr_assert_eq(f.burdened, 10 + 50 + 7 + 5);
    cr_assert_eq(d.sites, 2);
    cr_assert_eq(d.site[f.site[0].site].name, TASK);
    cr_assert_eq(d.site[f.site[0].site].by, ROOT);
    cr_assert_eq(f.site[0].on_span, 50);
    cr_assert_eq(f.site[0].work, 50);
    cr_assert_eq(f.site[1].on_span, 15);
    cr_assert_eq(f.site[1].work, 35);
    cr_assert(span_without(&without, &d, TASK));
    cr_assert_eq(without.work, 35);
    cr_assert_eq(without.span, 10 + 20 + 5);
    span_free(&f);
    dag_free(&d);
}

Test(trace_span, newest_task_in_slot_joins_first)
{
    dag d;
    span_figures f = measured((const made_event[]){BEGIN,
                                                   FORK(110),
                                                   {0, 110, FL_TRACE_RUN, SLOT, TASK},
                                                   {0, 160, FL_TRACE_RUN_END, SLOT, 0},
                                                   {0, 160, FL_TRACE_FORK, SLOT, OTHER},
                                                   {0, 160, FL_TRACE_RUN, SLOT, OTHER},
                                                   {0, 163, FL_TRACE_RUN_END, SLOT, 0},
                                                   {0, 164, FL_TRACE_JOINED, SLOT, 0},
                                                   {0, 168, FL_TRACE_JOINED, SLOT, 0},
                                                   {0, 170, FL_TRACE_JOB_END, 4, 0},
                                                   {0}},
                              1, &d, 0);
    cr_assert_eq(f.work, 70);
    cr_assert_eq(f.span, 10 + 50 + 2);
    span_free(&f);
    dag_free(&d);
}

Test(trace_span, panic_ends_tasks_without_end)
{
    dag d;
    span_figures f = measured((const made_event[]){BEGIN,
                                                   FORK(110),
                                                   {0, 130, FL_TRACE_RUN, SLOT, TASK},
                                                   {0, 140, FL_TRACE_FORK, SLOT + 1, OTHER},
                                                   {0, 145, FL_TRACE_RUN, SLOT + 1, OTHER},
                                                   {0, 160, FL_TRACE_JOB_END, 4, 0},
                                                   {0}},
                              1, &d, 0);
    cr_assert_eq(f.work, 60);
    cr_assert_eq(f.span, 10 + 10 + 15);
    span_free(&f);
    dag_free(&d);
}

/* Fiber 4 waits after 30 ns; fiber 5, which it has started after 10 ns, runs 40 ns and makes it ready, then 9. */
Test(trace_span, wait_resumes_after_task_ending_it)
{
    static const made_event events[] = {BEGIN,
                                        {0, 110, FL_TRACE_SUBMIT, ITEM + 1, 0},
                                        {0, 130, FL_TRACE_WAIT, 4, WAIT},
                                        {0, 131, FL_TRACE_SWITCH, 0, 0},
                                        {1, 200, FL_TRACE_SWITCH, 5, 0},
                                        {1, 210, FL_TRACE_JOB, ITEM + 1, TASK},
                                        {1, 250, FL_TRACE_RESUME, 4, 0},
                                        {1, 259, FL_TRACE_JOB_END, 5, 0},
                                        {0, 300, FL_TRACE_SWITCH, 4, 0},
                                        {0, 301, FL_TRACE_GO_ON, 4, 0},
                                        {0, 321, FL_TRACE_JOB_END, 4, 0},
                                        {0}};
    dag d;
    span_figures f = measured(events, 2, &d, 3);
    cr_assert_eq(f.work, 30 + 49 + 20);
    cr_assert_eq(f.span, 10 + 40 + 20);
    cr_assert_eq(f.burdened, 10 + 40 + 3 + 20);
    cr_assert_eq(d.ended_outside, 0);
    span_free(&f);
    dag_free(&d);
}

Test(trace_span, wait_ended_from_outside_is_reported)
{
    dag d;
    span_figures f = measured((const made_event[]){BEGIN,
                                                   {0, 130, FL_TRACE_WAIT, 4, WAIT},
                                                   {0, 130, FL_TRACE_SWITCH, 0, 0},
                                                   {FL_TRACE_OUTSIDE, 900, FL_TRACE_RESUME, 4, 0},
                                                   {0, 925, FL_TRACE_SWITCH, 4, 0},
                                                   {0, 930, FL_TRACE_GO_ON, 4, 0},
                                                   {0, 935, FL_TRACE_JOB_END, 4, 0},
                                                   {0}},
                              1, &d, 0);
    cr_assert_eq(f.work, 35);
    cr_assert_eq(f.span, 35);
    cr_assert_eq(d.ended_outside, 1);
    cr_assert_eq(d.outside_ns, 800);
    span_free(&f);
    dag_free(&d);
}

Test(trace_span, named_task_part_has_own_site)
{
    dag d;
    span_figures f = measured((const made_event[]){BEGIN,
                                                   FORK(110),
                                                   {0, 115, FL_TRACE_SPAN, OTHER, 4},
                                                   {0, 120, FL_TRACE_RUN, SLOT, TASK},
                                                   {0, 123, FL_TRACE_SPAN, WAIT, 4}, /* no end */
                                                   {0, 127, FL_TRACE_RUN_END, SLOT, 1},
                                                   {0, 139, FL_TRACE_SPAN_END, 4, 0},
                                                   {0, 140, FL_TRACE_JOB_END, 4, 0},
                                                   {0}},
                              1, &d, 0);
    cr_assert_eq(f.work, 40);
    cr_assert_eq(f.span, 10 + 5 + 5 + 12 + 1);
    cr_assert_eq(d.sites, 4);
    cr_assert_eq(d.site[f.site[0].site].name, OTHER);
    cr_assert_eq(d.site[f.site[0].site].by, ROOT);
    cr_assert_eq(f.site[0].work, 17);
    cr_assert_eq(f.site[0].on_span, 17);
    span_free(&f);
    dag_free(&d);
}

Test(trace_span, successive_thread_calls_stay_ordered)
{
    dag d;
    span_figures f =
        measured((const made_event[]){BEGIN,
                                      {0, 150, FL_TRACE_JOB_END, 4, 0},
                                      {FL_TRACE_OUTSIDE, 200, FL_TRACE_SUBMIT, ITEM, 0},
                                      {FL_TRACE_OUTSIDE, 201, FL_TRACE_SUBMIT, 9, 0},
                                      {0, 300, FL_TRACE_JOB, ITEM, ROOT},
                                      {0, 370, FL_TRACE_JOB_END, 4, 0},
                                      {0, 400, FL_TRACE_JOB, 9, ROOT},
                                      {0, 420, FL_TRACE_JOB_END, 4, 0},
                                      {0}},
                 1, &d, 0);
    cr_assert_eq(f.work, 50 + 70 + 20);
    cr_assert_eq(f.span, 50 + 70);
    cr_assert_eq(d.site[0].count, 3);
    span_free(&f);
    dag_free(&d);
}

Test(trace_span, theoretical_bounds_hold)
{
    cr_assert_float_eq(span_most(1000, 10, 8), 8, 1e-9);
    cr_assert_float_eq(span_most(1000, 10, 1000), 100, 1e-9);
    cr_assert_float_eq(span_least(1000, 10, 1), 1, 1e-9);
    cr_assert_float_eq(span_least(1000, 10, 10), 1000 / (100 + 0.9 * 10), 1e-9);
}

Test(trace_span, incomplete_traces_are_refused)
{
    refused((const made_event[]){BEGIN, {0, 185, FL_TRACE_JOB_END, 4, 0}, {0}}, FL_TRACE_STEALS,
            "tasks");
    refused((const made_event[]){{0, 10, FL_TRACE_SWITCH, 4, 0}, FORK(110), {0}}, FL_TRACE_TASKS,
            "began while tasks ran");
    refused((const made_event[]){BEGIN, {0, 130, FL_TRACE_RUN, SLOT, TASK}, {0}}, FL_TRACE_TASKS,
            "began while tasks ran");
}

/* ---- Random programs ---- */

Test(trace_span, random_programs_match_work_span_definitions)
{
    unsigned most = 0;
    for (uint64_t seed = 1; seed <= 60; seed++) {
        dag d;
        random_run s;
        int64_t span = random_program(&s, seed);
        span_figures f = measured(s.event, RANDOM_WORKERS, &d, 0);
        cr_assert_eq(d.tasks + 1, s.tasks);
        cr_assert_eq(f.work, s.work, "seed %d", (int)seed);
        cr_assert_eq(f.span, span, "seed %d", (int)seed);
        most = s.tasks > most ? s.tasks : most;
        span_free(&f);
        dag_free(&d);
        free(s.event);
    }
    cr_assert_gt(most, 1000, "programs are large enough");
}

/* ---- Runs ---- */

static uint64_t forks_of(unsigned n)
{
    return n < 2 ? 0 : 1 + forks_of(n - 1) + forks_of(n - 2);
}

Test(trace_span, tasks_level_needs_outlined_forks)
{
    filch_runtime *rt;
    char path[200];
    snprintf(path, sizeof path, "%s/late.trace", folder_make());
    OK(filch_runtime_create(&rt, &(filch_config){.workers = 1}));
    cr_assert_eq(filch_trace_start(rt, path, "tasks"), -EINVAL);
    cr_assert(strstr(filch_error(), "FILCH_TRACE=FILE,tasks"), "%s", filch_error());
    OK(filch_runtime_destroy(rt));
}

/* The worker may already run a fiber. */
Test(trace_span, idle_start_allows_partial_measurement)
{
    filch_runtime *rt;
    char path[200];
    dag d;
    const char *why = NULL;
    snprintf(path, sizeof path, "%s/part.trace", folder_make());
    const filch_config config = {.size = sizeof config, .workers = 2, .queue = "chase-lev-outline"};
    OK(filch_runtime_create(&rt, &config));
    for (int i = 0; i < 3; i++) {
        cr_assert_eq(FILCH_RUN(rt, fib, 12), serial_fib(12));
        cr_assert_eq(filch_trace_start(rt, path, "tasks"), 0, "%s", filch_error());
        cr_assert_eq(FILCH_RUN(rt, fib, 12), serial_fib(12));
        OK(filch_trace_stop(rt));
        trace_file *trace = opened_trace(path);
        cr_assert_eq(dag_build(&d, trace, &why), 0, "%s", why);
        cr_assert_eq(d.tasks, forks_of(12));
        dag_free(&d);
        trace_close(trace);
    }
    OK(filch_runtime_destroy(rt));
}

Test(trace_span, each_fork_appears_once)
{
    static const char *const queues[] = {
        "chase-lev", "chase-lev-fenced", "central-lockfree", "the",
        "abp",       "private-split",    "private-request",  "sharing"};
    static const unsigned workers[] = {1, 2, 8};
    enum { N = 15 };
    for (unsigned i = 0; i < sizeof queues / sizeof *queues * 3; i++) {
        char path[200], numbered[220];
        dag d;
        span_figures f;
        const char *why = NULL;
        filch_runtime *rt;
        snprintf(path, sizeof path, "%s/run.trace,tasks", folder_make());
        const filch_config config = {.size = sizeof config,
                                     .workers = workers[i % 3],
                                     .queue = queues[i / 3],
                                     .trace = path};
        cr_assert_eq(filch_runtime_create(&rt, &config), 0, "%s", filch_error());
        cr_assert_eq(FILCH_RUN(rt, fib, N), serial_fib(N));
        OK(filch_runtime_destroy(rt));
        *strchr(path, ',') = '\0';
        snprintf(numbered, sizeof numbered, i ? "%s.%u" : "%s", path, i + 1);
        trace_file *trace = opened_trace(numbered);
        cr_assert_eq(dag_build(&d, trace, &why), 0, "%s on %u: %s", queues[i / 3], workers[i % 3],
                     why);
        cr_assert_eq(d.tasks, forks_of(N), "%s on %u", queues[i / 3], workers[i % 3]);
        cr_assert(span_measure(&f, &d, 0));
        cr_assert(f.span > 0 && f.span <= f.work);
        span_free(&f);
        dag_free(&d);
        trace_close(trace);
    }
}
