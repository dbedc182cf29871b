/* SPDX-License-Identifier: MIT OR Apache-2.0
 * test: needs refusals filch_trace_parts
 *
 * Traces to which memory, address space or disk are refused: they do not begin, or lose events and say so; the
 * program goes on. */
#include <filch/trace.h>
#include <tests/service/small_disk.h>
#include <tests/support/refused_objects.h>
#include <tests/support/test.h>
#include <tools/trace/read.h>

static char path[192];

static int start(filch_runtime **out)
{
    snprintf(path, sizeof path, "%s/run.trace", folder_make());
    int rc = filch_trace_start(objects_rt, path, "limit=1M,full=overwrite");
    *out = rc ? *out : objects_rt;
    return rc;
}

OBJECT(filch_runtime, traced, start(&traced), OK(filch_trace_stop(traced)), .requests = 6,
       .asks_on = true)
NEEDS_SPACE(traced, 1)

FILCH_TASK(int, marks, (int, count))
{
    for (int i = 0; i < count; i++)
        filch_trace_mark("mark", (uint32_t)i);
    return 0;
}

/* Without address space, or to a disk that is too small. */
static trace_file *record_marks(const char *folder, int count, bool without_space)
{
    char error[256];
    filch_runtime *rt = runtime_at_rest(2);
    snprintf(path, sizeof path, "%s/run.trace", folder);
    OK(filch_trace_start(rt, path, NULL));
    if (without_space)
        refuse(SPACE, 0, true);
    cr_assert_eq(FILCH_RUN(rt, marks, count), 0);
    refuse_no_more(SPACE);
    OK(filch_trace_stop(rt));
    OK(filch_runtime_destroy(rt));
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

Test(refused_recording, without_space_lost_events_are_counted)
{
    trace_file *trace = record_marks(folder_make(), 1000, true);
    const trace_facts *facts = trace_facts_of(trace);
    cr_assert_eq(facts->state, FL_TRACE_NO_SPACE);
    cr_assert_eq(marks_of(trace), 0);
    cr_assert_geq(facts->lost, 1000);
    trace_close(trace);
}

Test(refused_recording, on_a_full_disk_too)
{
    trace_file *trace = record_marks(disk_make(1), 100000, false); /* 1.6 MB */
    const trace_facts *facts = trace_facts_of(trace);
    uint64_t kept = marks_of(trace);
    cr_assert_eq(facts->state, FL_TRACE_NO_SPACE);
    cr_assert_gt(kept, 0);
    cr_assert_geq(kept + facts->lost, 100000);
    trace_close(trace);
}
