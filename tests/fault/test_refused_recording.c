/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Traces to which memory, address space or disk are refused: they do not begin, or lose events and say so; the
 * program goes on. */
#include <criterion/criterion.h>
#include <errno.h>
#include <filch/filch.h>
#include <filch/stats.h>
#include <filch/trace.h>
#include <tests/service/small_disk.h>
#include <tests/support/fib.h>
#include <tests/support/refuse.h>
#include <tools/trace/read.h>
#include <unistd.h>

static char path[192];

enum { WORKERS = 2 };

/* A thread that starts asks for memory, and would use up a refusal. */
static void wait_until_started(filch_runtime *rt)
{
    for (int i = 0; i < WORKERS; i++) {
        filch_stats stats = {0};
        while (!stats.sleep_ns) {
            usleep(100);
            cr_assert_eq(filch_stats_read(rt, i, &stats, sizeof stats), 0);
        }
    }
}

static filch_runtime *create(void)
{
    filch_runtime *rt;
    const filch_config config = {.size = sizeof config, .workers = WORKERS};
    snprintf(path, sizeof path, "%s/run.trace", folder_make());
    cr_assert_eq(filch_runtime_create(&rt, &config), 0);
    cr_assert_eq(FILCH_RUN(rt, fib, 12), fib_serial(12));
    wait_until_started(rt);
    return rt;
}

FILCH_TASK(int, marks, (int, count))
{
    (void)self;
    for (int i = 0; i < count; i++)
        filch_trace_mark("mark", (uint32_t)i);
    return 0;
}

/* Refuses the n-th request, for each n until none is refused. */
static void begin_without(enum refusable what)
{
    filch_runtime *rt = create();
    for (int64_t at = 0, refused = 1; refused; at++) {
        int64_t held = blocks;
        refuse(what, at, false);
        int rc = filch_trace_start(rt, path, "limit=1M,full=overwrite");
        refused = refuse_no_more(what);
        cr_assert_eq(rc, refused ? -ENOMEM : 0, "%d: %s", (int)at, filch_error());
        if (refused)
            cr_assert_eq(blocks, held);
        else
            cr_assert_eq(filch_trace_stop(rt), 0);
    }
    cr_assert_eq(filch_runtime_destroy(rt), 0);
}

Test(refused_recording, without_memory_it_does_not_begin)
{
    begin_without(MEMORY);
}

Test(refused_recording, without_address_space_it_does_not_begin)
{
    begin_without(SPACE);
}

static trace_file *record_marks(filch_runtime *rt, int count)
{
    char error[256];
    cr_assert_eq(FILCH_RUN(rt, marks, count), 0);
    refuse_no_more(SPACE);
    cr_assert_eq(filch_trace_stop(rt), 0);
    cr_assert_eq(filch_runtime_destroy(rt), 0);
    trace_file *trace = trace_open(path, error, sizeof error);
    cr_assert_not_null(trace, "%s", error);
    return trace;
}

static uint64_t marks_of(trace_file *trace)
{
    trace_event e;
    uint64_t count = 0;
    while (trace_next(trace, &e))
        count += e.kind == FL_TRACE_MARK;
    return count;
}

Test(refused_recording, without_address_space_for_a_block_events_are_lost_and_counted)
{
    filch_runtime *rt = create();
    cr_assert_eq(filch_trace_start(rt, path, NULL), 0);
    refuse(SPACE, 0, true);
    trace_file *trace = record_marks(rt, 1000);
    const trace_facts *facts = trace_facts_of(trace);
    cr_assert_eq(facts->state, FL_TRACE_NO_SPACE);
    cr_assert_eq(marks_of(trace), 0);
    cr_assert_geq(facts->lost, 1000);
    trace_close(trace);
}

Test(refused_recording, on_a_full_disk_events_are_lost_and_counted)
{
    filch_runtime *rt = create();
    snprintf(path, sizeof path, "%s/run.trace", disk_make(1));
    cr_assert_eq(filch_trace_start(rt, path, NULL), 0);
    trace_file *trace = record_marks(rt, 100000); /* 1.6 MB */
    const trace_facts *facts = trace_facts_of(trace);
    uint64_t kept = marks_of(trace);
    cr_assert_eq(facts->state, FL_TRACE_NO_SPACE);
    cr_assert_gt(kept, 0);
    cr_assert_geq(kept + facts->lost, 100000);
    trace_close(trace);
}
