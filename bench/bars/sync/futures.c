/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Bars: detached tasks and futures, on one worker. A task starts others, a thousand at a time or
 * all of a million, which then run. A future is set and awaited whose value is there. Two tasks set
 * each other's futures by turns, so that each await suspends. And the memory of a process in which
 * a million tasks are queued. */
#include "bars.h"

static void check(bool right)
{
    measure_check(!right);
}

/* ---- Detached tasks ---- */

static long ended;      /* one worker: no two at once */
static long kib_queued; /* resident, while all are queued */

static void end(filch_self self, void *unused)
{
    ended++;
}

/* A burst are detached tasks that are queued at once. */
typedef struct bursts {
    long count, burst;
    double seconds;
} bursts;

FILCH_VOID_TASK(start_many, (bursts *, p))
{
    ended = 0;
    p->seconds = 0;
    for (long begun = 0; begun < p->count; begun += p->burst) {
        double from = measure_now();
        for (long i = 0; i < p->burst; i++)
            check(!filch_go(NULL, end, NULL));
        double queued = measure_now();
        if (p->burst == p->count)
            kib_queued = measure_status("VmRSS:");
        double looked = measure_now();
        while (ended < begun + p->burst)
            filch_yield(self);
        p->seconds += measure_now() - looked + (queued - from);
    }
}

static double run_bursts(filch_runtime *rt, long count, long burst)
{
    bursts all = {count, burst, 0};
    FILCH_RUN(rt, start_many, &all);
    return all.seconds / (double)count;
}

double futures_go(void *context)
{
    enum { AT_ONCE = 1000 };
    const plan *p = context;
    return run_bursts(p->rt, (p->count + AT_ONCE - 1) / AT_ONCE * AT_ONCE, AT_ONCE);
}

double futures_burst(void *context)
{
    const plan *p = context;
    return run_bursts(p->rt, p->count, p->count);
}

bool futures_memory(const bar *row, const measure_options *options)
{
    return measure_judge_one("memory of a process with that many queued, MiB",
                             (double)kib_queued / 1024, MEASURE_AT_MOST, 128);
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

double futures_there(void *context)
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

double futures_suspending(void *context)
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

double futures_async(void *context)
{
    plan *p = context;
    FILCH_RUN(p->rt, start_and_await, p);
    return p->seconds / (double)p->count;
}
