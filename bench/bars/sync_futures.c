/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Bars: detached tasks and futures, on one worker. A task starts others, a thousand at a time or
 * all of a million, which then run. A future is set and awaited whose value is there. Two tasks set
 * each other's futures by turns, so that each await suspends. And the memory of a process in which
 * a million tasks are queued. */
#include "measure.h"

#include "runtimes.h"

typedef struct plan {
    filch_runtime *rt;
    long count, burst; /* burst: detached tasks that are queued at once */
    double seconds;
    long kib; /* resident, while all are queued */
} plan;

static void check(bool right)
{
    if (!right) {
        fprintf(stderr, "something was lost: %s\n", filch_error());
        exit(1);
    }
}

/* ---- Detached tasks ---- */

static long ended; /* one worker: no two at once */

static void end(filch_self self, void *unused)
{
    ended++;
}

FILCH_VOID_TASK(start_many, (plan *, p))
{
    ended = 0;
    p->seconds = 0;
    for (long begun = 0; begun < p->count; begun += p->burst) {
        double from = measure_now();
        for (long i = 0; i < p->burst; i++)
            check(!filch_go(NULL, end, NULL));
        double queued = measure_now();
        if (p->burst == p->count)
            p->kib = measure_status("VmRSS:");
        double looked = measure_now();
        while (ended < begun + p->burst)
            filch_yield(self);
        p->seconds += measure_now() - looked + (queued - from);
    }
}

static double go_once(void *context)
{
    plan *p = context;
    FILCH_RUN(p->rt, start_many, p);
    return p->seconds / (double)p->count;
}

/* ---- Futures ---- */

enum { BLOCK = 128 }; /* futures that lie in the nearest cache */

FILCH_VOID_TASK(set_and_await, (plan *, p))
{
    static filch_future futures[BLOCK];
    long sum = 0, count = p->count / BLOCK * BLOCK;
    p->seconds = 0;
    for (long i = 0; i < count; i += BLOCK) {
        memset(futures, 0, sizeof futures);
        double from = measure_now();
        for (long j = 0; j < BLOCK; j++) {
            long value = i + j;
            filch_future_set(&futures[j], &value, sizeof value);
            filch_await(&futures[j]);
        }
        p->seconds += measure_now() - from;
        for (long j = 0; j < BLOCK; j++)
            sum += FILCH_VALUE(long, &futures[j]);
    }
    check(sum == count * (count - 1) / 2);
    p->seconds *= (double)p->count / (double)count;
}

static double there_once(void *context)
{
    plan *p = context;
    FILCH_RUN(p->rt, set_and_await, p);
    return p->seconds / (double)p->count;
}

FILCH_VOID_TASK(answer, (filch_future *, futures), (long, count))
{
    for (long i = 0; i < count; i++) {
        check(!filch_await(&futures[0]));
        filch_future_reset(&futures[0]);
        check(!filch_future_set(&futures[1], &i, sizeof i));
    }
}

FILCH_VOID_TASK(by_turns, (plan *, p))
{
    filch_future futures[2];
    memset(futures, 0, sizeof futures);
    FILCH_FORK(answer, futures, p->count);
    double from = measure_now();
    for (long i = 0; i < p->count; i++) {
        check(!filch_future_set(&futures[0], &i, sizeof i));
        check(!filch_await(&futures[1]));
        check(FILCH_VALUE(long, &futures[1]) == i);
        filch_future_reset(&futures[1]);
    }
    p->seconds = measure_now() - from;
    FILCH_JOIN_VOID(answer);
}

static double suspending_once(void *context)
{
    plan *p = context;
    FILCH_RUN(p->rt, by_turns, p);
    return p->seconds / (double)p->count / 2;
}

FILCH_TASK(long, same, (long, x))
{
    return x;
}

FILCH_VOID_TASK(start_and_await, (plan *, p))
{
    filch_future future;
    memset(&future, 0, sizeof future);
    double from = measure_now();
    for (long i = 0; i < p->count; i++) {
        check(!FILCH_ASYNC(NULL, &future, same, i));
        check(!filch_await(&future));
        check(FILCH_VALUE(long, &future) == i);
        filch_future_reset(&future);
    }
    p->seconds = measure_now() - from;
}

static double async_once(void *context)
{
    plan *p = context;
    FILCH_RUN(p->rt, start_and_await, p);
    return p->seconds / (double)p->count;
}

/* ---- All rows ---- */

static const struct {
    const char *name;
    const char *what;
    measure_once *once;
    enum measure_bound bound;
    double value;
} rows[] = {
    {"go", "a detached task: start and run, 1,000 at once, ns", go_once, MEASURE_AT_MOST, 60},
    {"burst", "the same, all at once, ns", go_once, MEASURE_REPORTED, 0},
    {"there", "future: set, await, value is there, ns", there_once, MEASURE_AT_MOST, 10},
    {"suspending", "future: set, await that suspends, ns", suspending_once, MEASURE_AT_MOST, 150},
    {"async", "a task whose future is awaited, ns", async_once, MEASURE_REPORTED, 0},
};
enum { ROWS = sizeof rows / sizeof *rows, GO = 0, ALL_AT_ONCE = 1, AT_ONCE = 1000 };

int main(int argc, char **argv)
{
    static measure_arm arms[ROWS];
    static plan plans[ROWS];
    int which[ROWS], count = 0;
    measure_options options = measure_read_options(argc, argv, 1000000, "tasks, and futures");
    filch_runtime *rt = runtime_of(1, NULL);
    for (int i = 0; i < ROWS; i++)
        if (measure_wanted(&options, rows[i].name)) {
            plans[i] = (plan){.rt = rt, .count = options.size, .burst = options.size};
            if (i == GO) {
                plans[i].count = (options.size + AT_ONCE - 1) / AT_ONCE * AT_ONCE;
                plans[i].burst = AT_ONCE;
            }
            arms[count] =
                (measure_arm){.name = rows[i].name, .once = rows[i].once, .context = &plans[i]};
            which[count++] = i;
        }
    measure_interleaved(arms, count, options.repeat);
    bool reached = true;
    for (int i = 0; i < count; i++) {
        for (int round = 0; round < options.repeat; round++)
            arms[i].at[round] *= 1e9;
        reached = measure_judge(rows[which[i]].what, measure_spread_of(arms[i].at, options.repeat),
                                rows[which[i]].bound, rows[which[i]].value) &&
                  reached;
    }
    if (plans[ALL_AT_ONCE].kib)
        reached = measure_judge_one("memory of a process with that many queued, MiB",
                                    (double)plans[ALL_AT_ONCE].kib / 1024, MEASURE_AT_MOST, 128) &&
                  reached;
    filch_runtime_destroy(rt);
    return reached ? 0 : 1;
}
