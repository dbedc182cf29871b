/* SPDX-License-Identifier: MIT OR Apache-2.0
 * test: needs filch_trace_parts
 *
 * A trace counts the times that the system took the CPU from a worker, from the trace's begin on. */
#include <filch/trace.h>
#include <pthread.h>
#include <sched.h>
#include <sched/times.h>
#include <sys/resource.h>
#include <tests/support/system.h>
#include <tests/support/test.h>
#include <tests/support/tools.h>

static filch_u32 spinning;

static void *spin(void *unused)
{
    while (filch_u32_load(&spinning, FILCH_ACQUIRE))
        ;
    return unused;
}

static long times_preempted(void)
{
    struct rusage usage;
    cr_assert_eq(getrusage(RUSAGE_THREAD, &usage), 0);
    return usage.ru_nivcsw;
}

/* Shares its CPU with another thread until the system has taken it away. early: traced meanwhile. */
FILCH_TASK(long, crowded, (const char *, path), (bool, early))
{
    cpu_set_t here;
    pthread_t thread;
    CPU_ZERO(&here);
    CPU_SET((size_t)sched_getcpu(), &here);
    cr_assert_eq(sched_setaffinity(0, sizeof here, &here), 0);
    filch_u32_store(&spinning, 1, FILCH_RELEASE);
    long begun = times_preempted();
    if (early)
        cr_assert_eq(filch_trace_start(NULL, path, NULL), 0, "%s", filch_error());
    filch_trace_mark("begun", 0); /* the worker counts from its first event on */
    cr_assert_eq(pthread_create(&thread, NULL, spin, NULL), 0); /* on the same CPU */
    for (long before = times_preempted(); times_preempted() < before + 20;)
        ;
    filch_u32_store(&spinning, 0, FILCH_RELEASE);
    pthread_join(thread, NULL);
    if (early)
        return begun;
    cr_assert_eq(filch_trace_start(NULL, path, NULL), 0, "%s", filch_error());
    return times_preempted();
}

FILCH_TASK(long, uncrowded, (int, unused))
{
    return times_preempted();
}

/* Each is counted before a sleep. */
static void count_preemptions(bool early)
{
    filch_runtime *rt = traced_runtime(1, NULL);
    filch_runtime_stats stats;
    trace_event e;
    uint64_t counted = 0, told = 0, asleep = 0;
    long before = FILCH_RUN(rt, crowded, traced_path("crowded.trace"), early);
    do {
        FILCH_RUN(rt, uncrowded, 0);
        filch_runtime_stats_read(rt, FILCH_ALL_WORKERS, &stats, sizeof stats);
        asleep = asleep ? asleep : stats.parks + 1;
    } while (stats.parks < asleep);
    OK(filch_trace_stop(rt));
    long after = FILCH_RUN(rt, uncrowded, 0);
    OK(filch_runtime_destroy(rt));
    trace_file *trace = opened_trace(traced_path("crowded.trace"));
    while (trace_next(trace, &e)) {
        if (e.writer != 0)
            continue;
        cr_assert(!told || (e.kind == FL_TRACE_DOES && e.a == FL_SLEEPING));
        told = e.kind == FL_TRACE_PREEMPTED ? e.a : 0;
        counted += told;
    }
    cr_assert_leq(counted, (uint64_t)(after - before));
    cr_assert_geq(counted, early ? 20 : 0);
    trace_close(trace);
}

Test(trace_preempted, preemptions_before_trace_are_ignored)
{
    count_preemptions(false);
}

Test(trace_preempted, preemptions_within_the_trace_count)
{
    count_preemptions(true);
}

/* Another thread wants the same CPU. */
FILCH_VOID_TASK(loses_its_cpu)
{
    for (long before = times_preempted(); times_preempted() < before + 5;)
        ;
}

static char path[192]; /* the child's */

static void is_preempted_now_and_then(void)
{
    cpu_set_t here;
    pthread_t thread;
    CPU_ZERO(&here);
    CPU_SET((size_t)sched_getcpu(), &here);
    CHILD_CHECK(sched_setaffinity(0, sizeof here, &here) == 0);
    setenv("FILCH_VIRTUAL", "2", 1);
    filch_runtime *rt = traced_runtime(2, path);
    filch_u32_store(&spinning, 1, FILCH_RELEASE);
    CHILD_CHECK(pthread_create(&thread, NULL, spin, NULL) == 0);
    for (unsigned i = 0; i < 3; i++)
        FILCH_RUN(rt, loses_its_cpu);
    filch_u32_store(&spinning, 0, FILCH_RELEASE);
    pthread_join(thread, NULL);
    CHILD_CHECK(filch_runtime_destroy(rt) == 0);
}

/* The library schedules virtual workers, so the system's preemptions do not count. */
Test(trace_preempted, virtual_workers_are_not_preempted)
{
    struct child child;
    trace_event e;
    unsigned sleeps = 0;
    snprintf(path, sizeof path, "%s", traced_path("virtual.trace"));
    child_run(&child, is_preempted_now_and_then);
    cr_assert(child_passed(&child), "%s", child.text);
    trace_file *trace = opened_trace(path);
    for (; trace_next(trace, &e); sleeps += e.kind == FL_TRACE_DOES && e.a == FL_SLEEPING)
        cr_assert_neq(e.kind, FL_TRACE_PREEMPTED);
    cr_assert_gt(sleeps, 0);
    trace_close(trace);
}
