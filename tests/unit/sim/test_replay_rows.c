/* SPDX-License-Identifier: MIT OR Apache-2.0
 * test: needs filch_sim_parts
 *
 * Traces as graphs: random programs have the work, the tasks and nearly the span of their definitions; made ones
 * have the phases that they should; and runs that cannot be repeated are refused. */
#include <errno.h>
#include <tests/support/test.h>
#include <tests/support/tools.h>
#include <tools/sim/replay.h>
#include <tools/sim/walk.h>
#include <tools/trace/ops.h>

enum { ROOT = 1, TASK, ITEM = 77, SLOT = 500 };
static const char names[] = "root\0task\0wait";

static void write_trace(const made_event *events, enum fl_trace_level level, uint64_t lost,
                        made_trace *made)
{
    int64_t length = 0;
    for (const made_event *e = events; e->kind; e++)
        length = e->ns > length ? e->ns : length;
    made_begin(made, RANDOM_WORKERS, length + 1000);
    made->header.level = level;
    made->header.lost = lost;
    for (uint32_t i = 0; i < RANDOM_WORKERS; i++)
        made_events(made, i, events);
    made_events(made, FL_TRACE_OUTSIDE, events);
    made_names(made, names, sizeof names);
    made_end(made);
}

static void read_trace(const made_event *events, replay *r)
{
    char reason[512] = "";
    made_trace made;
    write_trace(events, FL_TRACE_TASKS, 0, &made);
    cr_assert_eq(replay_read(r, made.path, reason, sizeof reason), 0, "%s", reason);
    cr_assert_eq(r->workers, (unsigned)RANDOM_WORKERS);
}

static void refused(const made_event *events, enum fl_trace_level level, uint64_t lost,
                    const char *word)
{
    char reason[512] = "";
    made_trace made;
    replay r;
    write_trace(events, level, lost, &made);
    cr_assert_eq(replay_read(&r, made.path, reason, sizeof reason), -EINVAL);
    cr_assert(strstr(reason, word) && strstr(reason, made.path), "%s", reason);
    cr_assert_null(r.phase);
}

static extent extent_of(const replay *r)
{
    generator g;
    extent e;
    replay_graph(r, &g);
    cr_assert_eq(walk(&g, UINT64_MAX, &e), 0);
    return e;
}

Test(sim_replay_rows, random_programs_preserve_work_and_forks)
{
    for (uint64_t seed = 1; seed <= 60; seed++) {
        random_run s;
        replay r;
        int64_t span = random_program(&s, seed);
        read_trace(s.event, &r);
        extent e = extent_of(&r);
        cr_expect_eq(e.forks + 1, s.tasks, "seed %d", (int)seed);
        cr_expect_eq(e.work, s.work * PICOSECONDS, "seed %d", (int)seed);
        /* Times between the joins of one phase come behind the last. */
        cr_expect(e.span >= span * PICOSECONDS && e.span <= span * PICOSECONDS * 5 / 4,
                  "seed %d: %lld instead of %lld", (int)seed, (long long)e.span,
                  (long long)span * PICOSECONDS);
        replay_free(&r);
        free(s.event);
    }
}

/* ---- Made ones ---- */

/* Ops of task 1 with the times 1, 2, 4 and so on; a number below 0: a join; 0: the end. */
static replay rows_of(const int *forks, bool valid)
{
    trace_op op[64];
    trace_root root = {.task = 1, .ended = 1};
    trace_ops ops = {.list = op, .tasks = 9, .root = &root, .roots = 1};
    replay r = {0};
    for (int i = 0; !i || forks[i - 1]; i++)
        op[ops.count++] = (trace_op){INT64_C(1) << i, 1, (uint32_t)abs(forks[i]),
                                     forks[i] > 0   ? TRACE_OP_FORK
                                     : forks[i] < 0 ? TRACE_OP_JOIN
                                                    : TRACE_OP_END};
    cr_assert_eq(replay_build(&r, &ops), valid ? 0 : -EINVAL);
    return r;
}

static const replay_phase *phase_of(const replay *r, uint32_t row, uint32_t number, uint32_t phases)
{
    cr_assert_eq(r->row[row].phases, phases, "row %u has %u", row, r->row[row].phases);
    return &r->phase[r->row[row].first + number];
}

Test(sim_replay_rows, loop_is_one_phase_with_gaps)
{
    replay r = rows_of((const int[]){2, 3, 4, -4, -3, -2, 0}, true);
    const replay_phase *loop = phase_of(&r, r.row_of[1], 0, 2);
    cr_expect_eq(loop->before, 1 * PICOSECONDS);
    cr_expect_eq(loop->children, 3u);
    cr_expect_eq(r.child[loop->first + 1].gap, 2 * PICOSECONDS);
    cr_expect_eq(r.child[loop->first + 2].gap, 4 * PICOSECONDS);
    cr_expect_eq(r.child[loop->first + 2].task, 4u);
    cr_expect_eq(phase_of(&r, loop->called, 0, 1)->before, 8 * PICOSECONDS);
    cr_expect_eq(loop[1].before, (16 + 32 + 64) * PICOSECONDS);
    cr_expect_eq(extent_of(&r).work, 127 * PICOSECONDS);
    cr_expect_eq(extent_of(&r).span, 127 * PICOSECONDS);
    replay_free(&r);
}

/* As fib, whose called half forks, too. */
Test(sim_replay_rows, nested_forks_are_in_called_row)
{
    replay r = rows_of((const int[]){2, 3, -3, 4, -4, -2, 0}, true);
    const replay_phase *outer = phase_of(&r, r.row_of[1], 0, 2);
    cr_expect_eq(outer->children, 1u);
    const replay_phase *inner = phase_of(&r, outer->called, 0, 3);
    cr_expect(inner[0].children == 1 && inner[1].children == 1 && !inner[2].children);
    cr_expect_eq(r.child[inner[1].first].task, 4u);
    cr_expect_eq(inner[0].before, 2 * PICOSECONDS);
    cr_expect_eq(inner[2].before, 32 * PICOSECONDS);
    replay_free(&r);
}

Test(sim_replay_rows, misordered_joins_missing_ends_are_refused)
{
    static const int wrong[][8] = {
        {2, 3, -2, -3, 0}, {2, 0}, {-2, 0}, {2, -2, -2, 0}, {2, 3, -3, 0}};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        replay r = rows_of(wrong[i], false);
        replay_free(&r);
    }
}

/* ---- Refusals ---- */

#define SUBMIT                                                                                     \
    {                                                                                              \
        FL_TRACE_OUTSIDE, 0, FL_TRACE_SUBMIT, ITEM, 0                                              \
    }
#define ON(worker, ns, kind, a, b)                                                                 \
    {                                                                                              \
        worker, ns, FL_TRACE_##kind, a, b                                                          \
    }
#define BEGIN SUBMIT, ON(0, 10, SWITCH, 4, 0), ON(0, 100, JOB, ITEM, ROOT)
#define END ON(0, 900, JOB_END, 4, 0)

Test(sim_replay_rows, unrepeatable_runs_are_refused_with_reason)
{
    static const made_event whole[] = {BEGIN, END, {0}};
    refused(whole, FL_TRACE_STEALS, 0, "its level is steals");
    refused(whole, FL_TRACE_TASKS, 3, "lost");
    refused((const made_event[]){ON(0, 10, SWITCH, 4, 0), {0}}, FL_TRACE_TASKS, 0, "no task ran");
    refused((const made_event[]){BEGIN, {0}}, FL_TRACE_TASKS, 0, "has not ended");
    refused((const made_event[]){BEGIN,
                                 ON(0, 200, WAIT, 4, 3),
                                 ON(0, 300, RESUME, 4, 0),
                                 ON(0, 400, GO_ON, 4, 0),
                                 END,
                                 {0}},
            FL_TRACE_TASKS, 0, "something other than a join");
    refused((const made_event[]){BEGIN,
                                 ON(0, 200, SUBMIT, ITEM + 1, 0),
                                 ON(1, 10, SWITCH, 5, 0),
                                 ON(1, 300, JOB, ITEM + 1, TASK),
                                 ON(1, 400, JOB_END, 5, 0),
                                 END,
                                 {0}},
            FL_TRACE_TASKS, 0, "started another one");
    refused((const made_event[]){BEGIN,
                                 ON(FL_TRACE_OUTSIDE, 150, SUBMIT, ITEM + 1, 0),
                                 ON(1, 10, SWITCH, 5, 0),
                                 ON(1, 300, JOB, ITEM + 1, TASK),
                                 ON(1, 400, JOB_END, 5, 0),
                                 END,
                                 {0}},
            FL_TRACE_TASKS, 0, "at the same time");
}

Test(sim_replay_rows, outside_calls_come_one_by_one)
{
    replay r;
    read_trace((const made_event[]){BEGIN,
                                    END,
                                    ON(FL_TRACE_OUTSIDE, 890, SUBMIT, ITEM + 1, 0),
                                    ON(1, 10, SWITCH, 5, 0),
                                    ON(1, 895, JOB, ITEM + 1, TASK), /* the end comes later */
                                    ON(1, 1900, JOB_END, 5, 0),
                                    {0}},
               &r);
    cr_expect_eq(r.makespan, (800 + 1005) * PICOSECONDS);
    replay_free(&r);
}
