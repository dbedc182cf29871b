/* SPDX-License-Identifier: MIT OR Apache-2.0
 * test: needs filch_trace_parts
 *
 * Single events of a worker: the first of a trace, those of submitted work items, names and CPUs. */
#include <filch/channel.h>
#include <filch/trace.h>
#include <runtime/engine/external.h>
#include <runtime/engine/inbox.h>
#include <runtime/engine/worker.h>
#include <sched.h>
#include <tests/support/tasks.h>
#include <tests/support/test.h>
#include <tests/support/tools.h>

/* ---- The first ---- */

/* Returns the number of its fiber. */
FILCH_TASK(unsigned, traces_itself, (const char *, path))
{
    cr_assert_eq(filch_trace_start(NULL, path, NULL), 0, "%s", filch_error());
    for (uint32_t i = 0; i < 10; i++)
        filch_trace_mark("mark", i);
    unsigned number = fl_fiber_here()->number;
    cr_assert_eq(filch_trace_stop(NULL), 0, "%s", filch_error());
    return number;
}

Test(trace_events, trace_begins_with_one_fiber_switch)
{
    filch_runtime *rt = traced_runtime(1, NULL);
    trace_event e;
    unsigned count = 0, marks = 0;
    unsigned number = FILCH_RUN(rt, traces_itself, traced_path("first.trace"));
    OK(filch_runtime_destroy(rt));
    trace_file *trace = opened_trace(traced_path("first.trace"));
    while (trace_next(trace, &e)) {
        if (e.writer != 0)
            continue;
        cr_assert_eq(e.kind == FL_TRACE_SWITCH, count == 0, "event %u is of kind %u", count,
                     e.kind);
        cr_assert(count || e.a == number, "fiber %u, not %u", e.a, number);
        count++;
        marks += e.kind == FL_TRACE_MARK;
    }
    cr_assert_eq(marks, 10);
    trace_close(trace);
}

/* ---- Work items that are submitted together ---- */

enum { ITEMS = 3 };

static signpost ran;

static void run_item(filch_self self, fl_work_item *item)
{
    signpost_raise(&ran);
}

Test(trace_events, each_work_item_is_submitted_once)
{
    static fl_work_item item[ITEMS + 1];
    fl_work_item *items[ITEMS + 1];
    filch_runtime *rt = traced_runtime(1, traced_path("submit.trace"));
    trace_event e;
    unsigned submitted = 0;
    for (unsigned i = 0; i <= ITEMS; i++) {
        fl_work_item_be_part(&item[i], run_item);
        items[i] = &item[i];
    }
    fl_start_all(rt, items, ITEMS);
    signpost_wait(&ran, ITEMS);
    fl_start_all(rt, items, 1);
    signpost_wait(&ran, ITEMS + 1);
    OK(filch_runtime_destroy(rt));
    trace_file *trace = opened_trace(traced_path("submit.trace"));
    while (trace_next(trace, &e))
        submitted += e.kind == FL_TRACE_SUBMIT;
    cr_assert_eq(submitted, ITEMS + 1);
    trace_close(trace);
}

/* ---- Names and CPUs ---- */

static void goes_by(filch_self self, void *unused)
{
}

Test(trace_events, overlapping_name_texts_stay_distinct)
{
    static const char text[] = "outer";
    const filch_place places[] = {{.task.name = text}, {.task.name = text + 1}};
    filch_runtime *rt = traced_runtime(1, traced_path("names.trace"));
    trace_event e;
    unsigned jobs = 0;
    for (unsigned i = 0; i < 2; i++)
        OK(fl_go_at(rt, goes_by, NULL, &places[i]));
    OK(filch_runtime_destroy(rt));
    trace_file *trace = opened_trace(traced_path("names.trace"));
    while (trace_next(trace, &e))
        if (e.kind == FL_TRACE_JOB) {
            cr_assert_lt(jobs, 2);
            cr_assert_str_eq(trace_name(trace, e.b), text + jobs++);
        }
    cr_assert_eq(jobs, 2);
    trace_close(trace);
}

/* The highest CPU that it may use: 0 is what an event without one would have. */
FILCH_TASK(int, traced_on_one_cpu, (const char *, path))
{
    cpu_set_t allowed, one;
    int cpu = CPU_SETSIZE - 1;
    cr_assert_eq(sched_getaffinity(0, sizeof allowed, &allowed), 0);
    while (!CPU_ISSET((size_t)cpu, &allowed))
        cpu--;
    CPU_ZERO(&one);
    CPU_SET((size_t)cpu, &one);
    cr_assert_eq(sched_setaffinity(0, sizeof one, &one), 0);
    cr_assert_eq(filch_trace_start(NULL, path, NULL), 0, "%s", filch_error());
    return cpu;
}

Test(trace_events, have_the_cpu_of_their_worker)
{
    filch_runtime *rt = traced_runtime(1, NULL);
    trace_event e;
    unsigned count = 0;
    int cpu = FILCH_RUN(rt, traced_on_one_cpu, traced_path("cpu.trace"));
    OK(filch_runtime_destroy(rt));
    trace_file *trace = opened_trace(traced_path("cpu.trace"));
    for (; trace_next(trace, &e); count += e.kind == FL_TRACE_DOES)
        cr_assert(e.kind != FL_TRACE_DOES || (int)e.b == cpu, "CPU %u, not %d", e.b, cpu);
    cr_assert_gt(count, 0);
    trace_close(trace);
}

/* ---- Levels ---- */

FILCH_TASK(int, hands_over, (filch_channel *, items))
{
    int item = 1, rc = filch_channel_send(items, &item);
    return rc ? rc : filch_channel_receive(items, &item);
}

static unsigned handovers_of(const char *path)
{
    trace_file *trace = opened_trace(path);
    trace_event e;
    unsigned count = 0;
    while (trace_next(trace, &e))
        count += e.kind >= FL_TRACE_FREE && e.kind <= FL_TRACE_GIVEN;
    trace_close(trace);
    return count;
}

/* Hand-overs are announced while any trace of the process has level tasks. */
Test(trace_events, steals_level_omits_hand_overs)
{
    filch_channel *items;
    filch_runtime *all = traced_runtime(1, traced_path("level.trace,tasks"));
    filch_runtime *few = traced_runtime(1, traced_path("level.trace"));
    OK(filch_channel_create(&items, sizeof(int), 1));
    cr_assert_eq(FILCH_RUN(all, hands_over, items), 0);
    cr_assert_eq(FILCH_RUN(few, hands_over, items), 0);
    filch_channel_destroy(items);
    OK(filch_runtime_destroy(few));
    OK(filch_runtime_destroy(all));
    cr_assert_gt(handovers_of(traced_path("level.trace")), 0);
    cr_assert_eq(handovers_of(traced_path("level.trace.2")), 0);
}
