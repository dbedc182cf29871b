/* SPDX-License-Identifier: MIT OR Apache-2.0
 * test: needs filch_trace_parts
 *
 * Traces of running programs: each counted thing is an event; traces begin and end while
 * tasks run; a killed process leaves its trace behind. */
#include <filch/stats.h>
#include <filch/trace.h>
#include <pthread.h>
#include <runtime/trace/format.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <tests/support/tasks.h>
#include <tests/support/test.h>
#include <tests/support/tools.h>
#include <tools/trace/analysis.h>
#include <unistd.h>

/* ---- The whole run ---- */

FILCH_TASK(int, busy, (int, n))
{
    int sum = 0;
    for (int i = 0; i < 4; i++) {
        FILCH_FORK(fib, n);
        filch_yield(self);
        FILCH_JOIN(long part, fib);
        sum += (int)part;
    }
    return sum;
}

static uint64_t thefts(const analysis *a, uint32_t workers)
{
    uint64_t sum = 0;
    for (uint32_t i = 0; i < workers * workers; i++)
        sum += a->matrix[i];
    return sum;
}

Test(trace, events_agree_with_statistics)
{
    static const unsigned workers[] = {1, 2, 8};
    for (unsigned w = 0; w < 3; w++) {
        filch_runtime_stats stats;
        analysis a;
        const char *why;
        filch_runtime *rt = traced_runtime(workers[w], traced_path("whole.trace,limit=256M"));
        for (int i = 0; i < 20; i++)
            cr_assert_eq(FILCH_RUN(rt, busy, 15), 4 * (int)serial_fib(15));
        filch_runtime_stats_read(rt, FILCH_ALL_WORKERS, &stats, sizeof stats);
        OK(filch_runtime_destroy(rt)); /* when it ends, so has each event */
        char numbered[32]; /* the second runtime of this process has a file of its own */
        snprintf(numbered, sizeof numbered, w ? "whole.trace.%u" : "whole.trace", w + 1);
        trace_file *trace = opened_trace(traced_path(numbered));
        cr_assert(trace_is_whole(trace, &why), "%s", why);
        cr_assert(analyse(&a, trace));
        cr_assert_eq(trace_facts_of(trace)->workers, workers[w]);
        uint64_t ready = a.by_kind[FL_TRACE_READY_STEAL];
        cr_assert_eq(thefts(&a, workers[w]), stats.gift_tasks + stats.robs + ready);
        cr_assert_eq(a.by_kind[FL_TRACE_GIFT], stats.gifts);
        /* Some come after the look: the run is over, but items of joined tasks may still be in a deque. */
        cr_assert_geq(ready, stats.deque_steals);
        cr_assert_geq(a.by_kind[FL_TRACE_SWITCH], stats.switches);
        cr_assert_eq(a.by_kind[FL_TRACE_WAIT], stats.suspensions);
        cr_assert_eq(a.by_kind[FL_TRACE_JOB], stats.jobs_run);
        cr_assert_eq(a.by_kind[FL_TRACE_JOB], a.by_kind[FL_TRACE_JOB_END]);
        cr_assert_eq(a.by_kind[FL_TRACE_TASK], a.by_kind[FL_TRACE_TASK_END]);
        cr_assert_eq(a.by_kind[FL_TRACE_WAIT], a.by_kind[FL_TRACE_GO_ON]);
        analysis_free(&a);
        trace_close(trace);
    }
}

/* ---- Parts of a run ---- */

static filch_u32 stopping;

FILCH_TASK(int, rounds, (int, n))
{
    int count = 0;
    do {
        FILCH_FORK(fib, n);
        filch_sleep(1000);
        FILCH_JOIN(long part, fib);
        count += part == serial_fib(n);
    } while (!filch_u32_load(&stopping, FILCH_ACQUIRE));
    return count;
}

static void *run_rounds(void *rt)
{
    return (void *)(intptr_t)FILCH_RUN(rt, rounds, 10);
}

Test(trace, traces_start_and_stop_under_load)
{
    static const unsigned workers[] = {1, 2, 8};
    for (unsigned w = 0; w < 3; w++) {
        filch_runtime *rt = traced_runtime(workers[w], NULL);
        pthread_t thread;
        void *count;
        filch_u32_store(&stopping, 0, FILCH_RELEASE);
        cr_assert_eq(pthread_create(&thread, NULL, run_rounds, rt), 0);
        for (unsigned i = 0; i < stress_times(30); i++) {
            const char *why, *path = traced_path("part.trace");
            cr_assert_eq(filch_trace_start(rt, path, NULL), 0, "%s", filch_error());
            usleep(i % 10 * 100);
            cr_assert_eq(filch_trace_stop(rt), 0, "%s", filch_error());
            trace_file *trace = opened_trace(path);
            cr_assert(trace_is_whole(trace, &why), "%s", why);
            trace_close(trace);
        }
        filch_u32_store(&stopping, 1, FILCH_RELEASE);
        pthread_join(thread, &count);
        cr_assert_gt((intptr_t)count, 0);
        OK(filch_runtime_destroy(rt));
    }
}

typedef struct tracer {
    filch_runtime *rt;
    char path[192];
    pthread_t thread;
} tracer;

static filch_u32 traces, wrong; /* those that run; faults */

static void *trace_in_turn(void *arg)
{
    tracer *one = arg;
    for (unsigned done = 0; done < stress_times(50) && !filch_u32_load(&wrong, FILCH_RELAXED);) {
        int rc = filch_trace_start(one->rt, one->path, NULL);
        if (rc == -EBUSY)
            continue;
        done++;
        bool alone = filch_u32_add(&traces, 1, FILCH_ACQ_REL) == 0;
        usleep(100); /* another one may be about to begin */
        filch_u32_add(&traces, (uint32_t)-1, FILCH_ACQ_REL);
        if (rc || !alone || filch_trace_stop(one->rt))
            filch_u32_add(&wrong, 1, FILCH_RELAXED);
    }
    return NULL;
}

Test(trace, one_trace_at_a_time)
{
    tracer all[2];
    filch_runtime *rt = traced_runtime(1, NULL);
    for (unsigned i = 0; i < 2; i++) {
        all[i].rt = rt;
        snprintf(all[i].path, sizeof all[i].path, "%s", traced_path(i ? "b.trace" : "a.trace"));
        cr_assert_eq(pthread_create(&all[i].thread, NULL, trace_in_turn, &all[i]), 0);
    }
    for (unsigned i = 0; i < 2; i++)
        pthread_join(all[i].thread, NULL);
    cr_assert_eq(filch_u32_load(&wrong, FILCH_RELAXED), 0);
    OK(filch_runtime_destroy(rt));
}

Test(trace, senseless_calls_are_refused)
{
    filch_runtime *rt = traced_runtime(1, NULL);
    cr_assert_eq(filch_trace_stop(rt), -EINVAL);
    cr_assert(strstr(filch_error(), "has no trace"), "%s", filch_error());
    cr_assert_eq(filch_trace_start(rt, "/nonexistent/x", NULL), -ENOENT);
    cr_assert_eq(filch_trace_start(rt, traced_path("a.trace"), "speed=7"), -EINVAL);
    cr_assert_eq(filch_trace_start(NULL, traced_path("a.trace"), NULL), -EINVAL);
    cr_assert_eq(filch_trace_stop(NULL), -EINVAL);
    OK(filch_trace_start(rt, traced_path("a.trace"), NULL));
    cr_assert_eq(filch_trace_start(rt, traced_path("b.trace"), NULL), -EBUSY);
    cr_assert(strstr(filch_error(), "stop it first"), "%s", filch_error());
    cr_assert_eq(filch_runtime_destroy(rt), 0, "it ends the trace");
    trace_close(opened_trace(traced_path("a.trace")));
}

/* ---- Marks and spans ---- */

FILCH_TASK(int, marking, (int, unused))
{
    char name[16] = "copied";
    filch_trace_span_begin("outer");
    filch_trace_mark(name, 42);
    strcpy(name, "changed");
    filch_trace_span_begin("inner");
    filch_sleep(1000);
    filch_trace_span_end();
    filch_trace_span_end();
    return 0;
}

Test(trace, marks_and_spans_are_recorded)
{
    static const struct {
        uint32_t kind;
        const char *name;
    } wanted[] = {{FL_TRACE_SPAN, "outer"},
                  {FL_TRACE_MARK, "copied"},
                  {FL_TRACE_SPAN, "inner"},
                  {FL_TRACE_SPAN_END, NULL},
                  {FL_TRACE_SPAN_END, NULL}};
    filch_runtime *rt = traced_runtime(2, traced_path("marks.trace"));
    trace_event e;
    unsigned next = 0;
    uint32_t fiber = 0;
    filch_trace_mark("by no task", 1); /* without effect, like the next two */
    filch_trace_span_begin("by no task");
    filch_trace_span_end();
    cr_assert_eq(FILCH_RUN(rt, marking, 0), 0);
    OK(filch_runtime_destroy(rt));
    trace_file *trace = opened_trace(traced_path("marks.trace"));
    while (trace_next(trace, &e)) {
        if (e.kind < FL_TRACE_MARK)
            continue;
        cr_assert_lt(next, 5);
        cr_assert_eq(e.kind, wanted[next].kind);
        if (wanted[next].name)
            cr_assert_str_eq(trace_name(trace, e.a), wanted[next].name);
        if (e.kind == FL_TRACE_MARK)
            cr_assert_eq(e.b, 42);
        else if (!fiber)
            fiber = e.b;
        else
            cr_assert_eq(e.kind == FL_TRACE_SPAN ? e.b : e.a, fiber);
        next++;
    }
    cr_assert_eq(next, 5);
    trace_close(trace);
}

/* ---- Limits ---- */

FILCH_TASK(int, many_marks, (int, count))
{
    for (int i = 0; i < count; i++)
        filch_trace_mark("mark", (uint32_t)i);
    return 0;
}

enum { MARKS = 200000 }; /* 16 bytes each: three times the limit */

static trace_file *overfill(const char *options)
{
    struct stat is;
    filch_runtime *rt = traced_runtime(1, NULL);
    cr_assert_eq(filch_trace_start(rt, traced_path("limit.trace"), options), 0, "%s",
                 filch_error());
    cr_assert_eq(FILCH_RUN(rt, many_marks, MARKS), 0);
    OK(filch_trace_stop(rt));
    OK(filch_runtime_destroy(rt));
    cr_assert_eq(stat(traced_path("limit.trace"), &is), 0);
    cr_assert_leq(is.st_size, (7 << 18) + FL_TRACE_HEADER, "%ld", (long)is.st_size);
    return opened_trace(traced_path("limit.trace"));
}

Test(trace, full_trace_keeps_start_counts_rest)
{
    trace_file *trace = overfill("limit=1M");
    const trace_facts *facts = trace_facts_of(trace);
    trace_event e;
    uint64_t marks_read = 0;
    while (trace_next(trace, &e))
        if (e.kind == FL_TRACE_MARK)
            cr_assert_eq(e.b, marks_read++);
    cr_assert_eq(facts->state, FL_TRACE_FULL);
    cr_assert_gt(marks_read, 1000);
    cr_assert_geq(marks_read + facts->lost, MARKS);
    trace_close(trace);
}

Test(trace, overwritten_trace_keeps_end_counts_rest)
{
    trace_file *trace = overfill("limit=1M,full=overwrite");
    const trace_facts *facts = trace_facts_of(trace);
    trace_event e;
    uint32_t last = 0;
    uint64_t marks_read = 0;
    for (; trace_next(trace, &e); marks_read += e.kind == FL_TRACE_MARK)
        if (e.kind == FL_TRACE_MARK)
            last = e.b;
    cr_assert_eq(facts->state, FL_TRACE_STOPPED);
    cr_assert_eq(facts->lost, 0);
    cr_assert_gt(facts->replaced, 0);
    cr_assert_eq(last, MARKS - 1);
    cr_assert_gt(marks_read, 1000);
    trace_close(trace);
}

/* ---- A process that is killed ---- */

Test(trace, a_killed_process_leaves_its_events)
{
    const char *path = traced_path("killed.trace"), *why;
    trace_event e;
    uint64_t marks_read = 0;
    int ends[2];
    char ready;
    cr_assert_eq(pipe(ends), 0);
    pid_t pid = fork();
    if (pid == 0) {
        filch_runtime *rt = traced_runtime(2, path);
        FILCH_RUN(rt, many_marks, 1000);
        if (write(ends[1], "r", 1) == 1)
            pause();
        _exit(1);
    }
    cr_assert_gt(pid, 0);
    cr_assert_eq(read(ends[0], &ready, 1), 1);
    cr_assert_eq(kill(pid, SIGKILL), 0);
    cr_assert_eq(waitpid(pid, NULL, 0), pid);
    trace_file *trace = opened_trace(path);
    cr_assert_not(trace_is_whole(trace, &why));
    cr_assert(trace_facts_of(trace)->killed);
    while (trace_next(trace, &e))
        marks_read += e.kind == FL_TRACE_MARK;
    cr_assert_eq(marks_read, 1000);
    trace_close(trace);
}
