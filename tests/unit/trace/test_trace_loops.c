/* SPDX-License-Identifier: MIT OR Apache-2.0
 * test: needs filch_trace_parts
 *
 * Parallel loops in a trace: the figures of known events, and each call of a running program. */
#include <filch/par.h>
#include <tests/support/test.h>
#include <tests/support/tools.h>
#include <tools/trace/analysis.h>

/* ---- Packed times ---- */

Test(trace_loops, packed_time_keeps_eight_digits)
{
    for (uint64_t ns = 0; ns < UINT64_C(1) << 58; ns += ns / 3 + 1) {
        const uint64_t back = fl_trace_unpack(fl_trace_pack(ns));
        cr_assert_leq(back, ns);
        cr_assert_leq(ns - back, ns >> 26, "%ju", (uintmax_t)ns);
        cr_assert(ns >> 27 || back == ns, "%ju", (uintmax_t)ns);
    }
}

/* ---- Figures ---- */

enum { DOT = 1, SCALE = 2 };

static const uint32_t long_ns = 3000000000;

/* Two sites of one body, one of another; calls of two workers at the same time; halves of calls. */
static trace_file *open_story(void)
{
    const uint32_t long_time = fl_trace_pack(2 * (uint64_t)long_ns);
    const made_event story[] = {
        {0, 10, FL_TRACE_LOOP_TIME, fl_trace_pack(1), fl_trace_pack(1)}, /* its first is lost */
        {0, 20, FL_TRACE_LOOP, 5, DOT},
        {1, 21, FL_TRACE_LOOP, 5 | FL_TRACE_HELPED, DOT},
        {0, 22, FL_TRACE_LOOP_TIME, fl_trace_pack(100), fl_trace_pack(100)},
        {1, 23, FL_TRACE_LOOP_TIME, fl_trace_pack(60), fl_trace_pack(90)},
        {0, 30, FL_TRACE_LOOP, 6, DOT},
        {0, 31, FL_TRACE_LOOP_TIME, fl_trace_pack(108), fl_trace_pack(100)},
        {1, 40, FL_TRACE_LOOP, 20 | FL_TRACE_HELPED, SCALE},
        {1, 41, FL_TRACE_LOOP_TIME, fl_trace_pack(long_ns), long_time},
        {1, 42, FL_TRACE_LOOP_TIME, fl_trace_pack(1), fl_trace_pack(1)},
        {0, 50, FL_TRACE_LOOP, 6, DOT}, /* its second is lost */
        {0},
    };
    static const char names[] = "dot\0scale";
    return made_of(story, 2, FL_TRACE_STEALS, names, sizeof names);
}

static void is_row(const trace_file *trace, const loop_figures *row, const char *name,
                   unsigned magnitude, uint64_t calls, uint64_t helped)
{
    cr_assert_str_eq(trace_name(trace, row->name), name);
    cr_assert_eq(row->magnitude, magnitude);
    cr_assert_eq(row->calls, calls);
    cr_assert_eq(row->helped, helped);
}

Test(trace_loops, sites_list_calls_longest_first)
{
    analysis a;
    trace_file *trace = open_story();
    cr_assert(analyse(&a, trace));
    cr_assert_eq(a.loops.count, 3);
    is_row(trace, &a.loops.row[0], "scale", 20, 1, 1);
    is_row(trace, &a.loops.row[1], "dot", 5, 2, 1);
    is_row(trace, &a.loops.row[2], "dot", 6, 1, 0);
    cr_assert_float_eq(a.loops.row[0].serial / a.loops.row[0].time, 2, 1e-6);
    cr_assert_float_eq(a.loops.row[1].time, 160, 0);
    cr_assert_float_eq(a.loops.row[1].serial, 190, 0);
    analysis_free(&a);
    trace_close(trace);
}

Test(trace_loops, summary_shows_speed_ups_and_taxes)
{
    static const char *const lines[] = {
        "loop                             n     calls    helped      time    serial  speed-up\n",
        "scale                         2^20         1     100 %    3.00 s    6.00 s      2.00\n",
        "dot                            2^5         2      50 %   0.08 us   0.10 us      1.19\n",
        "dot                            2^6         1       0 %   0.11 us   0.10 us   tax 8 %\n",
    };
    summary_has(open_story(), lines, sizeof lines / sizeof *lines);
}

/* ---- A program ---- */

enum { CALLS = 50 };

FILCH_FOR(count_up, i, (filch_u64 *, sum))
{
    filch_u64_add(sum, i + 1, FILCH_RELAXED);
}

FILCH_TASK(int, count_often, (filch_u64 *, sum))
{
    int rc = 0;
    for (int i = 0; i < CALLS && !rc; i++)
        rc = count_up(self, 0, 1000, sum);
    return rc;
}

static void has_its_calls(const char *path)
{
    analysis a;
    trace_file *trace = opened_trace(path);
    cr_assert(analyse(&a, trace));
    cr_assert_eq(a.loops.count, 1);
    cr_assert_str_eq(trace_name(trace, a.loops.row[0].name), "count_up");
    cr_assert_eq(a.loops.row[0].magnitude, 9);
    cr_assert_eq(a.loops.row[0].calls, CALLS);
    cr_assert_gt(a.loops.row[0].time, 0);
    analysis_free(&a);
    trace_close(trace);
}

Test(trace_loops, trace_contains_every_loop_call)
{
    static const unsigned widths[] = {1, 2, 8};
    static const char *const files[] = {"1.trace", "2.trace,tasks", "8.trace"};
    for (unsigned w = 0; w < 3; w++) {
        filch_u64 sum = {0};
        filch_runtime *rt = traced_runtime(widths[w], traced_path(files[w]));
        cr_assert_eq(FILCH_RUN(rt, count_often, &sum), 0);
        OK(filch_runtime_destroy(rt));
        cr_assert_eq(filch_u64_load(&sum, FILCH_RELAXED), CALLS * UINT64_C(500500));
        char made[48];
        snprintf(made, sizeof made, w ? "%u.trace.%u" : "%u.trace", widths[w], w + 1);
        has_its_calls(traced_path(made));
    }
}
