/* SPDX-License-Identifier: MIT OR Apache-2.0
 * test: needs filch_trace_parts
 *
 * Locks, permits and items of channels in the dag of a trace: made traces, whose figures are known, and runs on one
 * worker, whose hand-overs are known by construction. */
#include <filch/channel.h>
#include <filch/filch.h>
#include <filch/trace.h>
#include <tests/support/test.h>
#include <tests/support/tools.h>
#include <tools/trace/dag.h>
#include <tools/trace/span.h>

#include <time.h>

enum { TASK = 1, LOCK = 900, ITEM = 70 };
static const char names[] = "task";

/* ---- Made traces: tasks one after the other on a worker, each 10 ns, then 30 ns with the object ---- */

enum { TASKS = 8, ALONE = 10, INSIDE = 30 };

typedef struct making {
    made_event event[16 * TASKS + 1];
    int count;
    int64_t ns;
} making;

static void put(making *m, uint32_t writer, enum fl_trace_kind kind, uint32_t a, uint32_t b)
{
    m->event[m->count++] = (made_event){writer, m->ns, kind, a, b};
}

static void make_tasks(making *m, uint32_t free)
{
    *m = (making){.ns = 1};
    for (uint32_t i = 0; i < TASKS; i++)
        put(m, FL_TRACE_OUTSIDE, FL_TRACE_SUBMIT, ITEM + i, 0);
    put(m, 0, FL_TRACE_SWITCH, 4, 0);
    for (uint32_t i = 0; i < TASKS; i++) {
        put(m, 0, FL_TRACE_JOB, ITEM + i, TASK);
        m->ns += ALONE;
        if (free)
            put(m, 0, FL_TRACE_FREE, LOCK, free);
        put(m, 0, FL_TRACE_TAKEN, LOCK, 1);
        m->ns += INSIDE;
        put(m, 0, FL_TRACE_GIVEN, LOCK, 1);
        put(m, 0, FL_TRACE_JOB_END, 4, 0);
    }
}

static void measure(const made_event *events, dag *d, span_figures *f)
{
    const char *why = NULL;
    trace_file *trace = made_of(events, 1, FL_TRACE_TASKS, names, sizeof names);
    cr_assert_eq(dag_build(d, trace, &why), 0, "%s", why);
    cr_assert(span_measure(f, d, 0));
    trace_close(trace);
}

/* permits 0: a mutex. */
static void expect_span(uint32_t permits, int64_t span, uint64_t handovers)
{
    dag d;
    span_figures f;
    making m;
    make_tasks(&m, permits);
    measure(m.event, &d, &f);
    cr_assert_eq(f.work, TASKS * (ALONE + INSIDE));
    cr_assert_eq(f.span, span, "%u permits: %ld", permits, (long)f.span);
    cr_assert_eq(d.handovers, handovers);
    span_free(&f);
    dag_free(&d);
}

Test(trace_handovers, sections_of_a_mutex_are_serial)
{
    expect_span(0, ALONE + TASKS * INSIDE, TASKS - 1);
}

Test(trace_handovers, permits_bound_parallelism)
{
    expect_span(1, ALONE + TASKS * INSIDE, TASKS - 1);
    expect_span(2, ALONE + TASKS / 2 * INSIDE, TASKS - 2);
    expect_span(TASKS, ALONE + INSIDE, 0);
}

/* One gives 3 after 40 ns; three take one each, and then run 30 ns; one more takes what no task gave. */
Test(trace_handovers, several_permits_of_one_giver)
{
    dag d;
    span_figures f;
    making m = {.ns = 1};
    for (uint32_t i = 0; i < 5; i++)
        put(&m, FL_TRACE_OUTSIDE, FL_TRACE_SUBMIT, ITEM + i, 0);
    put(&m, 0, FL_TRACE_SWITCH, 4, 0);
    for (uint32_t i = 0; i < 5; i++) {
        put(&m, 0, FL_TRACE_JOB, ITEM + i, TASK);
        m.ns += i ? 0 : 40;
        put(&m, 0, i ? FL_TRACE_TAKEN : FL_TRACE_GIVEN, LOCK, i ? 1 : 3);
        m.ns += i ? 30 : 0;
        put(&m, 0, FL_TRACE_JOB_END, 4, 0);
    }
    measure(m.event, &d, &f);
    cr_assert_eq(f.work, 40 + 4 * 30);
    cr_assert_eq(f.span, 40 + 30);
    cr_assert_eq(d.handovers, 3);
    span_free(&f);
    dag_free(&d);
}

/* ---- Runs ---- */

static void work(int us)
{
    nanosleep(&(struct timespec){.tv_nsec = us * 1000}, NULL);
}

static filch_mutex mutex;
static filch_semaphore semaphore;
static filch_channel *first, *second;

enum { RUNS = 16, ITEMS = 20, CAPACITY = 4 };

static void locks(filch_self self, void *arg)
{
    bool has = (long)arg % 3 == 0 && !filch_mutex_try_lock(&mutex);
    if (!has && (long)arg % 3 == 1)
        has = !filch_mutex_lock_until(&mutex, FILCH_FOREVER);
    if (!has)
        filch_mutex_lock(&mutex);
    work(1000);
    filch_mutex_unlock(&mutex);
}

static void acquires(filch_self self, void *arg)
{
    filch_semaphore_acquire(&semaphore, 1);
    work(1000);
    filch_semaphore_give_back(&semaphore, 1);
}

static void sends(filch_self self, void *arg)
{
    for (int i = 0; i < ITEMS; i++) {
        filch_channel_send(first, &i);
    }
    filch_channel_close(first);
}

static void forwards(filch_self self, void *arg)
{
    FILCH_EACH(int, item, first)
    {
        work(300);
        filch_channel_send(second, &item);
    }
    filch_channel_close(second);
}

static void receives(filch_self self, void *arg)
{
    FILCH_EACH(int, item, second)
    {
    }
}

/* One task: ITEMS items, each sent and received; a full channel takes no more; an item whose sender gave up is not
 * sent. */
static void turns(filch_self self, void *arg)
{
    int item = 0;
    for (int i = 0; i < ITEMS - CAPACITY; i++) {
        filch_channel_send(first, &item);
        filch_channel_receive(first, &item);
    }
    for (int i = 0; i < CAPACITY; i++)
        filch_channel_send(first, &item);
    cr_assert_eq(filch_channel_try_send(first, &item), -EAGAIN);
    cr_assert_eq(filch_channel_send_until(first, &item, filch_now() + FILCH_MILLISECOND),
                 -ETIMEDOUT);
    for (int i = 0; i < CAPACITY; i++)
        filch_channel_receive(first, &item);
    cr_assert_eq(filch_channel_try_receive(first, &item), -EAGAIN);
}

/* Each item takes the place that has been free for the longest time. */
static void alternates(filch_self self, void *arg)
{
    int item = 0;
    for (int i = 0; i < ITEMS; i++) {
        filch_channel_send(first, &item);
        filch_channel_receive(first, &item);
    }
}

static void go(filch_runtime *rt, void (*task)(filch_self self, void *arg), int times)
{
    for (int i = 0; i < times; i++)
        OK(filch_go(rt, task, (void *)(long)i));
}

static void run_locks(filch_runtime *rt)
{
    go(rt, locks, RUNS);
}

static void run_acquires(filch_runtime *rt)
{
    filch_semaphore_init(&semaphore, 2);
    go(rt, acquires, RUNS);
}

static void run_turns(filch_runtime *rt)
{
    OK(filch_channel_create(&first, sizeof(int), CAPACITY));
    go(rt, turns, 1);
}

static void run_alternates(filch_runtime *rt)
{
    OK(filch_channel_create(&first, sizeof(int), CAPACITY));
    go(rt, alternates, 1);
}

static void run_pipeline(filch_runtime *rt)
{
    OK(filch_channel_create(&first, sizeof(int), CAPACITY));
    OK(filch_channel_create(&second, sizeof(int), CAPACITY));
    go(rt, receives, 1);
    go(rt, forwards, 1);
    go(rt, sends, 1);
}

/* Returns its parallelism. */
static double run(void (*start)(filch_runtime *rt), unsigned workers, uint64_t *handovers)
{
    dag d;
    span_figures f;
    static unsigned before; /* the second trace of a process is FILE.2 */
    char path[200], option[220];
    const char *why = NULL;
    filch_runtime *rt;
    snprintf(option, sizeof option, "%s/run.trace,tasks", folder_make());
    const filch_config config = {.size = sizeof config, .workers = workers, .trace = option};
    cr_assert_eq(filch_runtime_create(&rt, &config), 0, "%s", filch_error());
    start(rt);
    OK(filch_runtime_destroy(rt));
    filch_channel_destroy(first);
    filch_channel_destroy(second);
    first = second = NULL;
    before++;
    snprintf(path, sizeof path, before > 1 ? "%s/run.trace.%u" : "%s/run.trace", folder_make(),
             before);
    trace_file *trace = opened_trace(path);
    cr_assert_eq(dag_build(&d, trace, &why), 0, "%s", why);
    cr_assert(span_measure(&f, &d, 0));
    double parallelism = (double)f.work / (double)f.span;
    *handovers = d.handovers;
    span_free(&f);
    dag_free(&d);
    trace_close(trace);
    return parallelism;
}

/* The bounds leave room for a busy machine, on which short parts take long. Without hand-overs it would be RUNS, or the
 * number of items. With eight workers a waiter that spins before it suspends may be preempted, which counts as work, so
 * twice as much is allowed. */
static const struct {
    const char *name;
    void (*start)(filch_runtime *rt);
    double most;
    uint64_t from,
        to; /* hand-overs on one worker. A waiting receiver is one more place of its channel */
} programs[] = {
    {"mutex: 1", run_locks, 3, RUNS - 1, RUNS - 1},
    {"semaphore of two: 2", run_acquires, 5, RUNS - 2, RUNS - 2},
    {"pipeline with one long stage: 1", run_pipeline, 2.5, 2 * (2 * ITEMS - CAPACITY - 1),
     2 * (2 * ITEMS - CAPACITY)},
    {"one task: 1", run_turns, 1.01, 2 * ITEMS - CAPACITY + 1, 2 * ITEMS - CAPACITY + 1},
    {"one item at a time: 1", run_alternates, 1.01, 2 * ITEMS - CAPACITY, 2 * ITEMS - CAPACITY},
};

Test(trace_handovers, runs_have_their_known_parallelism)
{
    uint64_t handovers;
    for (size_t i = 0; i < sizeof programs / sizeof *programs; i++)
        for (unsigned workers = 1; workers <= 8; workers *= workers == 1 ? 2 : 4) {
            double parallelism = run(programs[i].start, workers, &handovers);
            cr_assert_lt(parallelism, programs[i].most * (workers > 2 ? 2 : 1),
                         "%s, %u workers: %g", programs[i].name, workers, parallelism);
            cr_assert(workers > 1 || (handovers >= programs[i].from && handovers <= programs[i].to),
                      "%s: %lu", programs[i].name, (unsigned long)handovers);
        }
}
