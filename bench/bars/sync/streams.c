/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Bars: two tasks of which one works for the other, on two workers. A producer and a consumer on a
 * buffered channel: on two workers against one, where nothing is moved between CPUs. And the price
 * of leaving a ready fiber to its worker for a while. It is the delay of a task that a computing
 * worker has made ready, as a receiving fiber and as a job. */
#include "bars.h"

enum { LATE = 200, COMPUTING = 100000 /* ns */ };

/* ---- A stream ---- */

FILCH_VOID_TASK(produce, (plan *, p))
{
    for (uint64_t i = 0; i < (uint64_t)p->count; i++)
        filch_channel_send(p->channel, &i);
    filch_channel_close(p->channel);
}

FILCH_VOID_TASK(stream, (plan *, p))
{
    uint64_t sum = 0, count = (uint64_t)p->count;
    p->channel = channel_with(p->room);
    double from = measure_now();
    FILCH_FORK(produce, p);
    FILCH_EACH(uint64_t, one, p->channel) sum += one;
    FILCH_JOIN_VOID(produce);
    p->seconds = (measure_now() - from) / (double)p->count;
    filch_channel_destroy(p->channel);
    measure_expect(sum == count * (count - 1) / 2, "an item was lost");
}

double streams_stream(void *context)
{
    plan *p = context;
    FILCH_RUN(p->rt, stream, p);
    return p->seconds;
}

/* ---- Late starts ---- */

typedef struct start {
    double ready, late;
} start;

static void compute_on(void)
{
    for (int64_t end = filch_now() + COMPUTING; filch_now() < end;)
        ;
}

static void begin(start *it)
{
    it->late = measure_now() - it->ready;
}

FILCH_VOID_TASK(receive_starts, (plan *, p))
{
    FILCH_EACH(start *, one, p->channel) begin(one);
}

static void begin_job(filch_self self, void *it)
{
    begin(it);
}

static double median_of(const start *starts)
{
    double at[LATE];
    for (int i = 0; i < LATE; i++)
        at[i] = starts[i].late;
    return measure_quantile(at, LATE, 0.5);
}

FILCH_VOID_TASK(send_and_compute, (plan *, p))
{
    static start starts[LATE];
    p->channel = channel_with(p->room);
    FILCH_FORK(receive_starts, p);
    for (int i = 0; i < LATE; i++) {
        start *one = &starts[i];
        one->ready = measure_now();
        filch_channel_send(p->channel, &one);
        compute_on();
    }
    filch_channel_close(p->channel);
    FILCH_JOIN_VOID(receive_starts);
    filch_channel_destroy(p->channel);
    p->seconds = median_of(starts);
}

FILCH_VOID_TASK(go_and_compute, (plan *, p))
{
    static start starts[LATE];
    for (int i = 0; i < LATE; i++) {
        starts[i].ready = measure_now();
        measure_check(filch_go(NULL, begin_job, &starts[i]));
        compute_on();
        filch_yield(self);
    }
    p->seconds = median_of(starts);
}

double streams_late_fiber(void *context)
{
    plan *p = context;
    FILCH_RUN(p->rt, send_and_compute, p);
    return p->seconds;
}

double streams_late_job(void *context)
{
    plan *p = context;
    FILCH_RUN(p->rt, go_and_compute, p);
    return p->seconds;
}
