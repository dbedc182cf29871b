/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Bars: two tasks of which one works for the other, on two workers. A producer and a consumer on a
 * buffered channel: on two workers against one, where nothing is moved between CPUs. And the price
 * of leaving a ready fiber to its worker for a while. It is the delay of a task that a computing
 * worker has made ready, as a receiving fiber and as a job. */
#include "measure.h"

#include "runtimes.h"

enum { LATE = 200, COMPUTING = 100000 /* ns */ };

typedef struct plan {
    filch_runtime *rt;
    filch_channel *channel;
    size_t room;
    long count;
    double result;
} plan;

static void channel_open(plan *p)
{
    if (filch_channel_create(&p->channel, sizeof(uint64_t), p->room)) {
        fprintf(stderr, "no channel: %s\n", filch_error());
        exit(1);
    }
}

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
    channel_open(p);
    double from = measure_now();
    FILCH_FORK(produce, p);
    FILCH_EACH(uint64_t, one, p->channel) sum += one;
    FILCH_JOIN_VOID(produce);
    p->result = (measure_now() - from) / (double)p->count;
    filch_channel_destroy(p->channel);
    if (sum != count * (count - 1) / 2) {
        fprintf(stderr, "an item was lost\n");
        exit(1);
    }
}

static double stream_once(void *context)
{
    plan *p = context;
    FILCH_RUN(p->rt, stream, p);
    return p->result;
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
    channel_open(p);
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
    p->result = median_of(starts);
}

FILCH_VOID_TASK(go_and_compute, (plan *, p))
{
    static start starts[LATE];
    for (int i = 0; i < LATE; i++) {
        starts[i].ready = measure_now();
        if (filch_go(NULL, begin_job, &starts[i])) {
            fprintf(stderr, "no task: %s\n", filch_error());
            exit(1);
        }
        compute_on();
        filch_yield(self);
    }
    p->result = median_of(starts);
}

static double late_fiber_once(void *context)
{
    plan *p = context;
    FILCH_RUN(p->rt, send_and_compute, p);
    return p->result;
}

static double late_job_once(void *context)
{
    plan *p = context;
    FILCH_RUN(p->rt, go_and_compute, p);
    return p->result;
}

/* ---- The table ---- */

static const struct row {
    const char *name; /* for --only */
    measure_once *once;
    unsigned workers;
    size_t room;
    bool ratio; /* to the row before it, else ns */
    const char *what;
    enum measure_bound bound;
    double value;
} rows[] = {
    {"stream", stream_once, 1, 64, false, "1 producer, 1 consumer, room for 64, 1 worker: ns",
     MEASURE_REPORTED, 0},
    {"stream", stream_once, 2, 64, true, "the same on 2 workers: times that", MEASURE_AT_MOST, 1.5},
    {"stream", stream_once, 1, 1024, false, "the same, room for 1024, 1 worker: ns",
     MEASURE_REPORTED, 0},
    {"stream", stream_once, 2, 1024, true, "the same on 2 workers: times that", MEASURE_AT_MOST, 2},
    {"late", late_job_once, 2, 0, false, "start of a job whose worker computes on, p50: ns",
     MEASURE_REPORTED, 0},
    {"late", late_fiber_once, 2, 64, false, "wake-up of a fiber, the same, p50: ns",
     MEASURE_REPORTED, 0},
};
enum { ROWS = sizeof rows / sizeof rows[0], RUNTIMES = 2 };

static bool judge(const struct row *one, const measure_arm *arm, int repeat)
{
    if (one->ratio)
        return measure_judge(one->what, measure_ratio(arm, arm - 1, 1, repeat), one->bound,
                             one->value);
    measure_spread spread = measure_spread_of(arm->at, repeat);
    spread.median *= 1e9, spread.least *= 1e9, spread.most *= 1e9;
    return measure_judge(one->what, spread, one->bound, one->value);
}

int main(int argc, char **argv)
{
    static measure_arm arms[ROWS];
    static plan plans[ROWS];
    const struct row *wanted[ROWS];
    int count = 0;
    measure_options options = measure_read_options(argc, argv, 100000, "items of a stream");
    filch_runtime *runtimes[RUNTIMES] = {runtime_of(1, NULL), runtime_of(2, NULL)};
    for (const struct row *one = rows; one < rows + ROWS; one++) {
        if (!measure_wanted(&options, one->name))
            continue;
        plans[count] =
            (plan){.rt = runtimes[one->workers - 1], .room = one->room, .count = options.size};
        arms[count] = (measure_arm){.name = one->workers == 1 ? "1 worker" : "2 workers",
                                    .once = one->once,
                                    .context = &plans[count]};
        wanted[count++] = one;
    }
    measure_interleaved(arms, count, options.repeat);
    bool reached = true;
    for (int i = 0; i < count; i++)
        measure_show(wanted[i]->name, &arms[i], 1e9, "ns", options.repeat);
    for (int i = 0; i < count; i++)
        reached = judge(wanted[i], &arms[i], options.repeat) && reached;
    for (int i = 0; i < RUNTIMES; i++)
        filch_runtime_destroy(runtimes[i]);
    return reached ? 0 : 1;
}
