/* SPDX-License-Identifier: MIT OR Apache-2.0
 * test: needs filch_trace_parts
 *
 * Folded stacks of waiting time: each wait stands in the line of its task, its call and the task that ended it. */
#include <filch/atomic.h>
#include <tests/support/test.h>
#include <tests/support/tools.h>
#include <tools/trace/analysis.h>
#include <tools/trace/export/folded.h>

enum { READER = 1, RECEIVE, WRITER, SLEEP, READER_AGAIN };

/* Worker 0 runs a reader on fiber 4 that waits three times: a writer on worker 1 ends two of the waits, a thread the
 * third. The writer on fiber 5 sleeps, and an event that nobody recorded ends that. */
static const made_event story[] = {
    {0, 100, FL_TRACE_SWITCH, 4, 0},
    {0, 110, FL_TRACE_JOB, 7, READER},
    {1, 120, FL_TRACE_SWITCH, 5, 0},
    {1, 130, FL_TRACE_JOB, 8, WRITER},
    {0, 200, FL_TRACE_WAIT, 4, RECEIVE},
    {1, 250, FL_TRACE_RESUME, 4, 0},
    {0, 300, FL_TRACE_GO_ON, 4, 0},
    {0, 400, FL_TRACE_WAIT, 4, RECEIVE},
    {1, 410, FL_TRACE_RESUME, 4, 0},
    {1, 420, FL_TRACE_WAIT, 5, SLEEP},
    {0, 450, FL_TRACE_GO_ON, 4, 0},
    {0, 460, FL_TRACE_JOB_END, 4, 0},
    {0, 470, FL_TRACE_JOB, 9, READER_AGAIN},
    {0, 500, FL_TRACE_WAIT, 4, RECEIVE},
    {FL_TRACE_OUTSIDE, 600, FL_TRACE_RESUME, 4, 0},
    {0, 700, FL_TRACE_GO_ON, 4, 0},
    {1, 720, FL_TRACE_GO_ON, 5, 0},
    {0, 800, FL_TRACE_WAIT, 4, RECEIVE}, /* and no end: it is in no sum */
    {0},
};

static trace_file *open_story(void)
{
    static const char names[] = "reader\0receive\0writer;of\npages\0sleep\0reader";
    made_trace made;
    made_begin(&made, 2, 1000);
    made_events(&made, 0, story);
    made_events(&made, 1, story);
    made_events(&made, FL_TRACE_OUTSIDE, story);
    made_names(&made, names, sizeof names);
    made_end(&made);
    return opened_trace(made.path);
}

Test(trace_folded, each_distinct_wait_has_one_line)
{
    trace_file *trace = open_story();
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    const char *why = NULL;
    cr_assert_eq(folded_write(trace, out, &why), 0);
    fclose(out);
    cr_assert_str_eq(text, "writer:of?pages;sleep 300\n"
                           "reader;receive;by a thread outside 200\n"
                           "reader;receive;by writer:of?pages 150\n");
    free(text);
    trace_close(trace);
}

Test(trace_folded, lines_add_up_to_summary_waits)
{
    trace_file *trace = open_story();
    analysis a;
    int64_t waits = 0, lines = 0;
    cr_assert(analyse(&a, trace));
    for (size_t i = 0; i < a.waits.count; i++)
        waits += a.waits.row[i]->length.sum;
    for (size_t i = 0; i < a.stacks.count; i++)
        lines += a.stacks.list[i].ns;
    cr_assert_eq(waits, 650);
    cr_assert_eq(lines, waits);
    analysis_free(&a);
    trace_close(trace);
}

Test(trace_folded, many_waits_keep_few_lines)
{
    enum { MANY = 100000, DIFFERENT = 3000 };
    stacks all = {0};
    int64_t sum = 0;
    for (uint32_t i = 0; i < MANY; i++)
        cr_assert(stacks_add(&all, (stack){.task = i % DIFFERENT, .call = 1, .ns = i}));
    cr_assert_lt(all.room, MANY, "waits are folded on the way");
    stacks_fold(&all);
    cr_assert_eq(all.count, DIFFERENT);
    for (size_t i = 0; i < all.count; i++)
        sum += all.list[i].ns;
    cr_assert_eq(sum, (int64_t)MANY * (MANY - 1) / 2);
    cr_assert_geq(all.list[0].ns, all.list[1].ns);
    stacks_free(&all);
}
