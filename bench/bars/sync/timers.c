/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Bars of timers and files: the cost of starting and stopping a timer among a hundred thousand, and
 * the time until that many have fired. Also the CPU time of pending timers and awaited sockets
 * while nothing is due, and the lateness of a sleep and of a deadline. */
#include "bars.h"

#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

enum { WORKERS = 2, PENDING = 100000, PAIRS = 1000000, SOCKETS = 200, SLEEPS = 200, MS = 1000000 };

static filch_timer pending[PENDING];
static filch_runtime *rt; /* of the judge */

static void die(const char *what)
{
    fprintf(stderr, "%s: %s\n", what, filch_error());
    exit(1);
}

static void never(filch_self self, void *unused)
{
    die("a timer that was stopped, or is due tomorrow, fired");
}

static uint64_t next_random(uint64_t *state)
{
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return *state >> 33;
}

/* Tomorrow, at some time of the day. */
static int64_t some_time(uint64_t *state)
{
    return filch_in((int64_t)(86400 + next_random(state) % 86400) * FILCH_SECOND);
}

static void fill(void)
{
    uint64_t random = 1;
    for (int i = 0; i < PENDING; i++)
        if (filch_timer_start(&pending[i], rt, some_time(&random), never, NULL))
            die("no timer");
}

static void empty(void)
{
    for (int i = 0; i < PENDING; i++)
        if (!filch_timer_stop(&pending[i]))
            die("a timer was lost");
}

/* ---- One more among a hundred thousand ---- */

enum { TIMES = 4096 };

/* The times are made before, so that only the timer is measured. `latest`: after all others, as
 * deadlines of one length are. */
FILCH_TASK(double, start_and_stop, (long, latest))
{
    int64_t times[TIMES];
    uint64_t random = 2;
    filch_timer timer;
    memset(&timer, 0, sizeof timer);
    for (int i = 0; i < TIMES; i++)
        times[i] = latest ? filch_in(4 * 86400 * FILCH_SECOND + i) : some_time(&random);
    double from = measure_now();
    for (int i = 0; i < PAIRS; i++)
        if (filch_timer_start(&timer, rt, times[i % TIMES], never, NULL) ||
            !filch_timer_stop(&timer))
            die("no timer");
    return (measure_now() - from) / PAIRS * 1e9;
}

/* Each worker starts and stops a timer of its own. The figure is what a pair costs its worker. */
FILCH_TASK(double, start_and_stop_twice, (long, latest))
{
    FILCH_FORK(start_and_stop, latest);
    double one = start_and_stop(self, latest);
    FILCH_JOIN(double other, start_and_stop);
    return one > other ? one : other;
}

static double run_pairs(void *context)
{
    const long how = *(const long *)context;
    return how < 2 ? FILCH_RUN(rt, start_and_stop, how) : FILCH_RUN(rt, start_and_stop_twice, 0);
}

bool timers_pairs(const bar *row, const measure_options *options)
{
    static const char *const what[] = {"start + stop among 100,000, any time: ns",
                                       "start + stop among 100,000, the latest: ns",
                                       "start + stop among 100,000, on both workers: ns"};
    static const double most[] = {100, 100, 150};
    bool reached = true;
    rt = runtime_of(WORKERS, NULL);
    fill();
    for (long how = 0; how < 3; how++) {
        measure_arm arm = {.once = run_pairs, .context = &how};
        measure_interleaved(&arm, 1, options->repeat);
        reached &=
            measure_judge_arm(what[how], &arm, 1, options->repeat, MEASURE_AT_MOST, most[how]);
    }
    empty();
    filch_runtime_destroy(rt);
    return reached;
}

/* ---- A hundred thousand that fire ---- */

enum { WITHIN = 10 * MS };
static filch_waitgroup unfired;

static void count_off(filch_self self, void *unused)
{
    filch_waitgroup_done(&unfired);
}

FILCH_TASK(int, start_some, (int, first), (int, end))
{
    uint64_t random = (uint64_t)first + 1;
    for (int i = first; i < end; i++)
        if (filch_timer_start(&pending[i], rt, filch_in((int64_t)(next_random(&random) % WITHIN)),
                              count_off, NULL))
            die("no timer");
    return 0;
}

FILCH_TASK(double, start_and_wait)
{
    double from = measure_now();
    filch_waitgroup_add(&unfired, PENDING);
    FILCH_FORK(start_some, 0, PENDING / 2);
    start_some(self, PENDING / 2, PENDING);
    FILCH_JOIN_VOID(start_some);
    filch_waitgroup_wait(&unfired);
    return (measure_now() - from) * 1e3;
}

static double run_fired(void *unused)
{
    return FILCH_RUN(rt, start_and_wait);
}

bool timers_fired(const bar *row, const measure_options *options)
{
    measure_arm arm = {.once = run_fired};
    rt = runtime_of(WORKERS, NULL);
    measure_interleaved(&arm, 1, options->repeat);
    filch_runtime_destroy(rt);
    return measure_judge_arm("100,000 timers due within 10 ms, both workers: ms", &arm, 1,
                             options->repeat, MEASURE_REPORTED, 0);
}

/* ---- Nothing is due ---- */

static int ends[SOCKETS][2];

static void wait_for_end(filch_self self, void *fd)
{
    if (filch_wait_fd(*(int *)fd, POLLIN, FILCH_FOREVER) < 0)
        die("a socket was lost");
}

bool timers_asleep(const bar *row, const measure_options *options)
{
    const double seconds = (double)options->size;
    rt = runtime_of(WORKERS, NULL);
    fill();
    for (int i = 0; i < SOCKETS; i++)
        if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends[i]) ||
            filch_go(rt, wait_for_end, &ends[i][0]))
            die("no socket");
    measure_sleep(0.2);
    double cpu = measure_cpu();
    measure_sleep(seconds);
    cpu = measure_cpu() - cpu;
    for (int i = 0; i < SOCKETS; i++)
        close(ends[i][1]);
    empty();
    filch_runtime_destroy(rt);
    return measure_judge_one(measure_text("100,000 timers, %d sockets pending %g s: CPU ms",
                                          SOCKETS, seconds),
                             cpu * 1e3, MEASURE_AT_MOST, 2);
}

/* ---- Lateness; a sleeping task is judged by a sleeping thread with the timer thread's timer slack ---- */

typedef int64_t late_fn(void);

static int64_t late_thread(void)
{
    int64_t until = filch_in(MS);
    measure_sleep(1e-3);
    return filch_now() - until;
}

FILCH_TASK(int64_t, late_task)
{
    int64_t until = filch_in(MS);
    filch_sleep_until(until);
    return filch_now() - until;
}

static int64_t late_sleep(void)
{
    return FILCH_RUN(rt, late_task);
}

/* How long both workers compute beyond their deadline. */
FILCH_TASK(int64_t, compute, (filch_context *, context))
{
    while (!filch_context_cause(context))
        ;
    return filch_now();
}

FILCH_TASK(int64_t, compute_twice, (filch_context *, context))
{
    FILCH_FORK(compute, context);
    int64_t one = compute(self, context);
    FILCH_JOIN(int64_t other, compute);
    return one < other ? one : other;
}

static int64_t late_deadline(void)
{
    filch_context *context;
    int64_t until = filch_in(MS);
    if (filch_context_create_until(&context, NULL, until))
        die("no context");
    int64_t seen = FILCH_RUN(rt, compute_twice, context);
    filch_context_release(context);
    return seen - until;
}

static double late_us(late_fn *late)
{
    int64_t ns = late();
    if (ns < 0)
        die("a sleep or a deadline was early");
    return (double)ns * 1e-3;
}

static double report_late(const char *what, double at[SLEEPS])
{
    double median = measure_quantile(at, SLEEPS, 0.5);
    measure_judge_one(measure_text("%s, late by, p50: us", what), median, MEASURE_REPORTED, 0);
    measure_judge_one(measure_text("%s, late by, p99: us", what),
                      measure_quantile(at, SLEEPS, 0.99), MEASURE_REPORTED, 0);
    return median;
}

bool timers_late(const bar *row, const measure_options *options)
{
    static const struct {
        const char *what;
        late_fn *late;
    } ways[] = {{"nanosleep of 1 ms, a thread", late_thread},
                {"filch_sleep of 1 ms, a task", late_sleep},
                {"deadline in 1 ms, both workers compute", late_deadline}};
    enum { WAYS = sizeof ways / sizeof *ways };
    double at[WAYS][SLEEPS], median[WAYS];
    rt = runtime_of(WORKERS, NULL);
    prctl(PR_SET_TIMERSLACK, 1000ul, 0ul, 0ul, 0ul);
    for (int i = 0; i < SLEEPS; i++)
        for (int way = 0; way < WAYS; way++)
            at[way][i] = late_us(ways[way].late);
    for (int way = 0; way < WAYS; way++)
        median[way] = report_late(ways[way].what, at[way]);
    filch_runtime_destroy(rt);
    return measure_judge_one("filch_sleep late by, p50, above 1.5 x nanosleep: us",
                             median[1] - 1.5 * median[0], MEASURE_AT_MOST, 100);
}
