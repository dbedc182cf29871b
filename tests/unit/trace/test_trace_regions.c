/* SPDX-License-Identifier: MIT OR Apache-2.0
 * test: needs filch_trace_parts
 *
 * Regions of OpenMP programs in a trace: the figures of known events. tests/openmp/trace.sh has a program. */
#include <tests/support/test.h>
#include <tests/support/tools.h>
#include <tools/trace/analysis.h>

enum { MAIN = 1, SORT = 2, BARRIER = 3, OWN = 4 };

/* Two threads. The first region: thread 0 works for 100 - 20 ns; thread 1 for 60 - 40 ns, and for 10 more in
 * the barrier, where one task runs on top of another. */
static trace_file *open_story(void)
{
    static const made_event story[] = {
        {1, 5, FL_TRACE_JOB_END, 2, 0}, /* its begin is lost */
        {0, 100, FL_TRACE_JOB, 0, MAIN},
        {1, 110, FL_TRACE_JOB, 0, MAIN},
        {1, 120, FL_TRACE_TASK, 1, SORT}, /* in no barrier */
        {1, 125, FL_TRACE_TASK_END, 2, 0},
        {1, 130, FL_TRACE_SPAN, BARRIER, 2},
        {1, 135, FL_TRACE_TASK, 1, SORT},
        {1, 138, FL_TRACE_TASK, 1, SORT},
        {1, 140, FL_TRACE_TASK_END, 2, 0},
        {1, 145, FL_TRACE_TASK_END, 2, 0},
        {0, 150, FL_TRACE_SPAN, OWN, 1}, /* the program's own span is none */
        {0, 151, FL_TRACE_SPAN_END, 1, 0},
        {0, 160, FL_TRACE_SPAN, BARRIER, 1},
        {1, 170, FL_TRACE_SPAN_END, 2, 0},
        {1, 170, FL_TRACE_JOB_END, 2, 0},
        {0, 180, FL_TRACE_SPAN_END, 1, 0},
        {0, 200, FL_TRACE_JOB_END, 1, 0},
        {1, 290, FL_TRACE_JOB, 0, SORT}, /* another region, which thread 1 begins first */
        {0, 300, FL_TRACE_JOB, 0, SORT},
        {0, 310, FL_TRACE_JOB_END, 1, 0},
        {1, 300, FL_TRACE_JOB_END, 2, 0},
        {0, 400, FL_TRACE_JOB, 7, OWN}, /* a work item */
        {0, 900, FL_TRACE_JOB_END, 1, 0},
        {0, 910, FL_TRACE_JOB, 0, MAIN}, /* it has no end */
        {0},
    };
    static const char names[] = "main\0sort\0omp barrier\0mine";
    return made_of(story, 2, FL_TRACE_STEALS, names, sizeof names);
}

Test(trace_regions, threads_work_and_waits_add_up)
{
    analysis a;
    trace_file *trace = open_story();
    cr_assert(analyse(&a, trace));
    cr_assert_eq(a.regions.count, 2);
    const region_figures *r = &a.regions.row[0];
    cr_assert_str_eq(trace_name(trace, r->name), "main");
    cr_assert_eq(r->calls, 1);
    cr_assert_eq(r->barriers, 1);
    cr_assert_float_eq(r->time, 100, 0);
    cr_assert_float_eq(r->room, 200, 0);
    cr_assert_float_eq(r->worked, 80 + 30, 0);
    cr_assert_float_eq(r->at_barriers, 20 + 30, 0);
    cr_assert_float_eq(r->longest, 80, 0);
    cr_assert_float_eq(r->mean, 55, 0);
    analysis_free(&a);
    trace_close(trace);
}

Test(trace_regions, summary_divides_the_time_of_regions)
{
    static const char *const lines[] = {
        "region                       calls      time    worked  barriers at barriers at the end "
        "imbalance\n",
        "main                             1   0.10 us      55 %         1        25 %       20 %   "
        "   1.45\n",
        "sort                             1   0.02 us      50 %         0         0 %       50 %   "
        "   1.00\n",
    };
    summary_has(open_story(), lines, sizeof lines / sizeof *lines);
}
