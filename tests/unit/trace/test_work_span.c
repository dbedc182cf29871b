/* SPDX-License-Identifier: MIT OR Apache-2.0
 * test: needs filch_trace_parts
 *
 * Work and span while a program runs: random programs with an oracle, known figures, and runs. */
#include <errno.h>
#include <filch/filch.h>
#include <filch/stats.h>
#include <runtime/engine/observe/work_span.h>
#include <runtime/engine/runtime.h>
#include <tests/support/system.h>
#include <tests/support/tasks.h>
#include <tests/support/test.h>
#include <tests/support/tools.h>

/* Workers and fibers of no runtime that runs. */
static filch_runtime engine;
static fl_fiber fibers[RANDOM_WORKERS + 1];
static fl_worker workers[RANDOM_WORKERS];

static void begin(void)
{
    engine.work_span = fl_work_span_create(false);
    cr_assert_not_null(engine.work_span);
    for (uint32_t i = 0; i < RANDOM_WORKERS; i++) {
        workers[i].rt = &engine;
        workers[i].running = &fibers[i + 1];
    }
}

static void feed(const made_event *events)
{
    for (const made_event *e = events; e->kind; e++)
        if (e->kind == FL_TRACE_SWITCH)
            workers[e->writer].running = &fibers[e->a];
        else
            fl_work_span_at(&workers[e->writer], e->kind, e->a, e->b, e->ns);
}

static filch_work_span end(void)
{
    filch_work_span f;
    fl_work_span_read(engine.work_span, &f);
    fl_work_span_destroy(engine.work_span);
    for (uint32_t i = 0; i <= RANDOM_WORKERS; i++)
        cr_assert_null(fibers[i].chain, "a fiber at rest keeps nothing");
    return f;
}

Test(work_span, random_programs_match_work_span_definitions)
{
    for (uint64_t seed = 1; seed <= 60; seed++) {
        random_run s;
        int64_t span = random_program(&s, seed);
        begin();
        feed(s.event);
        filch_work_span f = end();
        cr_assert_eq(f.work_ns, (uint64_t)s.work, "seed %d", (int)seed);
        cr_assert_eq(f.span_ns, (uint64_t)span, "seed %d", (int)seed);
        cr_assert_geq(f.burdened_ns, f.span_ns);
        cr_assert_eq(f.tasks + 1, s.tasks);
        cr_assert_eq(f.jobs, 1);
        cr_assert_eq(f.waits + f.lost, 0);
        free(s.event);
    }
}

enum { ROOT = 1, TASK, ITEM = 77, SLOT = 500 };

Test(work_span, a_caught_panic_leaves_nothing_behind)
{
    static const made_event events[] = {
        {0, 100, FL_TRACE_JOB, ITEM, ROOT},      {0, 110, FL_TRACE_FORK, SLOT, TASK},
        {0, 120, FL_TRACE_FORK, SLOT + 1, TASK}, {0, 130, FL_TRACE_RUN, SLOT + 1, TASK},
        {0, 140, FL_TRACE_FORK, SLOT + 2, TASK}, /* panics */
        {0, 150, FL_TRACE_RUN, SLOT, TASK},      {0, 157, FL_TRACE_RUN_END, SLOT, 1},
        {0, 160, FL_TRACE_JOB_END, 1, 0},        {0}};
    begin();
    feed(events);
    filch_work_span f = end();
    cr_assert_eq(f.work_ns, 60);
    cr_assert_eq(f.tasks, 1);
}

Test(work_span, wait_is_counted_but_not_work)
{
    static const made_event events[] = {{0, 100, FL_TRACE_JOB, ITEM, ROOT},
                                        {0, 130, FL_TRACE_WAIT, 1, 3},
                                        {1, 900, FL_TRACE_SWITCH, 1, 0},
                                        {1, 910, FL_TRACE_GO_ON, 1, 0},
                                        {1, 920, FL_TRACE_JOB_END, 1, 0},
                                        {0}};
    begin();
    feed(events);
    filch_work_span f = end();
    cr_assert_eq(f.work_ns, 40);
    cr_assert_eq(f.span_ns, 40);
    cr_assert_eq(f.waits, 1);
}

Test(work_span, call_follows_calls_already_ended)
{
    static const made_event events[] = {{0, 100, FL_TRACE_JOB, ITEM, ROOT},
                                        {0, 150, FL_TRACE_JOB_END, 1, 0},
                                        {0, 200, FL_TRACE_JOB, ITEM, ROOT},
                                        {1, 205, FL_TRACE_JOB, ITEM, ROOT},
                                        {0, 230, FL_TRACE_JOB_END, 1, 0},
                                        {1, 225, FL_TRACE_JOB_END, 2, 0},
                                        {0}};
    begin();
    feed(events);
    filch_work_span f = end();
    cr_assert_eq(f.work_ns, 50 + 30 + 20);
    cr_assert_eq(f.span_ns, 50 + 30);
    cr_assert_eq(f.jobs, 3);
}

Test(work_span, runs_are_measured_when_asked)
{
    static const unsigned many[] = {1, 2, 8};
    for (unsigned i = 0; i < 3; i++) {
        filch_runtime *rt;
        filch_work_span f;
        setenv("FILCH_SPAN", "1", 1);
        const filch_config config = {.size = sizeof config, .workers = many[i]};
        OK(filch_runtime_create(&rt, &config));
        for (int k = 0; k < 5; k++)
            cr_assert_eq(FILCH_RUN(rt, fib, 15), serial_fib(15));
        while (filch_work_span_read(rt, &f, sizeof f) == 0 &&
               f.jobs < 5) /* the caller is told first */
            sched_yield();
        cr_assert_eq(f.jobs, 5);
        cr_assert_eq(f.tasks, 5 * 986);
        cr_assert(0 < f.span_ns && f.span_ns <= f.work_ns && f.span_ns <= f.burdened_ns);
        cr_assert_eq(f.lost + f.waits, 0);
        cr_assert_eq(filch_work_span_read(rt, NULL, 0), -EINVAL);
        OK(filch_runtime_destroy(rt));
        unsetenv("FILCH_SPAN");
        OK(filch_runtime_create(&rt, &config));
        cr_assert_eq(filch_work_span_read(rt, &f, sizeof f), -EINVAL);
        cr_assert(strstr(filch_error(), "FILCH_SPAN=1"), "%s", filch_error());
        OK(filch_runtime_destroy(rt));
    }
}

static void measure_and_end(void)
{
    setenv("FILCH_SPAN", "1", 1);
    CHILD_CHECK(fib_life(1, NULL, 10) == 0);
}

Test(work_span, measured_runtime_prints_figures_at_end)
{
    struct child child;
    child_run(&child, measure_and_end);
    cr_assert(child_passed(&child), "0x%x: %s", child.status, child.text);
    cr_assert(strstr(child.text, "filch: work ") && strstr(child.text, " span "), "%s", child.text);
}
