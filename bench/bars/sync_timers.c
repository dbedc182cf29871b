/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Bars of timers and files: what a timer costs to start and to stop among a hundred thousand, what
 * these, and sockets that are waited for, burn while nothing is due, and how late a sleep and a
 * deadline are. */
#include "measure.h"

#include "runtimes.h"

#include <sys/socket.h>
#include <unistd.h>

enum { PENDING = 100000, PAIRS = 1000000, SOCKETS = 200, SLEEPS = 200, MS = 1000000 };

static filch_timer pending[PENDING];
static filch_runtime *rt;

static void die(const char *what)
{
    fprintf(stderr, "%s: %s\n", what, filch_error());
    exit(1);
}

static void never(filch_self self, void *unused)
{
    (void)self, (void)unused;
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

/* The times are made before: what is measured is a timer. `latest`: after all others, as deadlines
 * of one length are. */
FILCH_TASK(double, start_and_stop, (long, latest))
{
    static int64_t times[TIMES];
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

static bool judge_pairs(int repeat)
{
    static const char *const what[] = {"start + stop among 100,000, any time: ns",
                                       "start + stop among 100,000, the latest: ns"};
    bool reached = true;
    fill();
    for (long latest = 0; latest < 2; latest++) {
        double at[MEASURE_ROUNDS];
        for (int round = -1; round < repeat; round++) {
            double ns = FILCH_RUN(rt, start_and_stop, latest);
            if (round >= 0)
                at[round] = ns;
        }
        reached =
            measure_judge(what[latest], measure_spread_of(at, repeat), MEASURE_AT_MOST, 100) &&
            reached;
    }
    empty();
    return reached;
}

/* ---- Nothing is due ---- */

static int ends[SOCKETS][2];

static void wait_for_end(filch_self self, void *fd)
{
    (void)self;
    if (filch_wait_fd(*(int *)fd, POLLIN, FILCH_FOREVER) < 0)
        die("a socket was lost");
}

static bool judge_asleep(double seconds)
{
    char what[96];
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
    snprintf(what, sizeof what, "100,000 timers, %d sockets pending %g s: CPU ms", SOCKETS,
             seconds);
    return measure_judge_one(what, cpu * 1e3, MEASURE_AT_MOST, 2);
}

/* ---- Lateness; reported ---- */

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

static void report_late(const char *what, late_fn *late)
{
    double at[SLEEPS];
    char row[96];
    for (int i = 0; i < SLEEPS; i++) {
        int64_t ns = late();
        if (ns < 0)
            die("a sleep or a deadline was early");
        at[i] = (double)ns * 1e-3;
    }
    snprintf(row, sizeof row, "%s, late by, p50: us", what);
    measure_judge_one(row, measure_quantile(at, SLEEPS, 0.5), MEASURE_REPORTED, 0);
    snprintf(row, sizeof row, "%s, late by, p99: us", what);
    measure_judge_one(row, measure_quantile(at, SLEEPS, 0.99), MEASURE_REPORTED, 0);
}

int main(int argc, char **argv)
{
    measure_options options = measure_read_options(argc, argv, 5, "SECONDS of waiting");
    bool reached = true;
    rt = runtime_of(2, NULL);
    if (measure_wanted(&options, "pairs"))
        reached = judge_pairs(options.repeat);
    if (measure_wanted(&options, "asleep"))
        reached = judge_asleep((double)options.size) && reached;
    if (measure_wanted(&options, "late")) {
        report_late("nanosleep of 1 ms, a thread", late_thread);
        report_late("filch_sleep of 1 ms, a task", late_sleep);
        report_late("deadline in 1 ms, both workers compute", late_deadline);
    }
    filch_runtime_destroy(rt);
    return reached ? 0 : 1;
}
