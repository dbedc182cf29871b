/* SPDX-License-Identifier: MIT OR Apache-2.0
 * test: needs filch_trace_parts
 *
 * Events of single tasks: each that runs in its fork, in its join or on a thief begins and ends once,
 * and a join waits only for a task that was taken. */
#include <filch/trace.h>
#include <sched/forkstack.h>
#include <tests/support/tasks.h>
#include <tests/support/test.h>
#include <tests/support/tools.h>

/* By kind. */
static void count_events(const char *path, unsigned count[64])
{
    trace_event e;
    trace_file *trace = opened_trace(path);
    memset(count, 0, 64 * sizeof *count);
    while (trace_next(trace, &e))
        count[e.kind % 64]++;
    trace_close(trace);
}

FILCH_TASK(long, leaf, (long, n))
{
    return 3 * n + 1;
}

enum { FIT = FL_SLOTS - FL_RESERVE, EXCESS = 2 * FL_RESERVE, FORKS = FIT + EXCESS };

/* Returns how many came back with another result than their own. */
FILCH_TASK(long, forks_beyond_its_stack)
{
    long wrong = 0;
    for (long i = 0; i < FORKS; i++)
        FILCH_FORK(leaf, i);
    for (long i = FORKS; i--;) {
        FILCH_JOIN(long one, leaf);
        wrong += one != 3 * i + 1;
    }
    return wrong;
}

Test(trace_tasks, inline_task_begins_and_ends_once)
{
    unsigned count[64];
    filch_runtime *rt = traced_runtime(1, traced_path("excess.trace,tasks,limit=64M"));
    cr_assert_eq(FILCH_RUN(rt, forks_beyond_its_stack), 0);
    OK(filch_runtime_destroy(rt));
    count_events(traced_path("excess.trace"), count);
    cr_assert_eq(count[FL_TRACE_FORK], FORKS);
    cr_assert_eq(count[FL_TRACE_RUN], FORKS, "%u", count[FL_TRACE_RUN]);
    cr_assert_eq(count[FL_TRACE_RUN_END], FORKS, "%u", count[FL_TRACE_RUN_END]);
    cr_assert_eq(count[FL_TRACE_JOIN], 0, "%u", count[FL_TRACE_JOIN]);
    cr_assert_eq(count[FL_TRACE_JOINED], EXCESS, "%u", count[FL_TRACE_JOINED]);
}

static signpost begun;

FILCH_VOID_TASK(begins)
{
    signpost_raise(&begun);
}

FILCH_VOID_TASK(joins_a_taken_task)
{
    FILCH_FORK(begins);
    signpost_wait(&begun, 1); /* on a thief */
    FILCH_JOIN_VOID(begins);
}

Test(trace_tasks, join_of_taken_task_appears_once)
{
    unsigned count[64];
    filch_runtime *rt = traced_runtime(2, traced_path("taken.trace,tasks"));
    FILCH_RUN(rt, joins_a_taken_task);
    OK(filch_runtime_destroy(rt));
    count_events(traced_path("taken.trace"), count);
    cr_assert_eq(count[FL_TRACE_FORK], 1);
    cr_assert_eq(count[FL_TRACE_JOIN], 1, "%u", count[FL_TRACE_JOIN]);
    cr_assert_eq(count[FL_TRACE_JOINED], 1, "%u", count[FL_TRACE_JOINED]);
}
