/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The bars of waiting: contexts, channels, futures, locks and timers. */
#include "bars.h"

enum { ROOM = 64, RUNTIMES = 2, FIGURES_MOST = 9 };

static double contexts_children(void *context)
{
    const long count = ((const plan *)context)->count;
    filch_context *parent, *child;
    if (filch_context_create(&parent, NULL))
        exit(1);
    double from = measure_now();
    for (long i = 0; i < count; i++) {
        if (filch_context_create(&child, parent) || filch_context_cancel(child, 0))
            exit(1);
        filch_context_release(child);
    }
    double seconds = measure_now() - from;
    filch_context_release(parent);
    return seconds / (double)count;
}

/* A figure in ns, or over the figure before it. */
typedef struct figure {
    const char *bar, *part, *what;
    measure_once *once;
    unsigned workers; /* 0: no runtime */
    size_t room;
    long share; /* of --size, 1 / share */
    bool ratio;
    enum measure_bound bound;
    double value;
} figure;

#define NS(share) share, false
#define OVER(share) share, true /* the figure before it */
#define AT_MOST MEASURE_AT_MOST
#define AT_LEAST MEASURE_AT_LEAST
#define REPORTED MEASURE_REPORTED, 0

/* clang-format off */
static const figure figures[] = {
    {"contexts", "contexts", "child context: create, cancel, release: ns", contexts_children, 0, 0, NS(1), AT_MOST, 200},

    {"channels", "pair", "channel: send + receive in one task: ns", channels_alone, 1, ROOM, NS(1), AT_MOST, 30},
    {"channels", "pair", "the same, mutex and conditions: times the channel's", channels_ring_alone, 0, ROOM, OVER(1), REPORTED},
    {"channels", "select", "channel: send + select of 4 channels in one task: ns", channels_choosing, 1, ROOM, NS(4), REPORTED},
    {"channels", "hop", "channel: a hop between tasks, 1 worker: ns", channels_hop, 1, 0, NS(4), AT_MOST, 120},
    {"channels", "hop", "the same, capacity 1: ns", channels_hop, 1, 1, NS(4), AT_MOST, 120},
    {"channels", "hop", "the same, capacity 0, 2 workers: ns", channels_hop, 2, 0, NS(4), REPORTED},
    {"channels", "crowd", "channel: 2 x 2 tasks, 2 workers: ns a message", channels_crowd, 2, ROOM, NS(4), REPORTED},
    {"channels", "crowd", "2 x 2 threads, mutex and conditions: times the channel's",
     channels_threads, 0, ROOM, OVER(4), AT_LEAST, 2.5},

    {"streams", "stream", "1 producer, 1 consumer, room for 64, 1 worker: ns", streams_stream, 1, 64, NS(1), REPORTED},
    {"streams", "stream", "the same on 2 workers: times that", streams_stream, 2, 64, OVER(1), AT_MOST, 1.5},
    {"streams", "stream", "the same, room for 1024, 1 worker: ns", streams_stream, 1, 1024, NS(1), REPORTED},
    {"streams", "stream", "the same on 2 workers: times that", streams_stream, 2, 1024, OVER(1), AT_MOST, 2},
    {"streams", "late", "start of a job whose worker computes on, p50: ns", streams_late_job, 2, 0, NS(1), REPORTED},
    {"streams", "late", "wake-up of a fiber, the same, p50: ns", streams_late_fiber, 2, 64, NS(1), REPORTED},

    {"futures", "go", "a detached task: start and run, 1,000 at once, ns", futures_go, 1, 0, NS(1), AT_MOST, 60},
    {"futures", "burst", "the same, all at once, ns", futures_burst, 1, 0, NS(1), REPORTED},
    {"futures", "there", "future: set, await, value is there, ns", futures_there, 1, 0, NS(1), AT_MOST, 10},
    {"futures", "suspending", "future: set, await that suspends, ns", futures_suspending, 1, 0, NS(1), AT_MOST, 150},
    {"futures", "async", "a task whose future is awaited, ns", futures_async, 1, 0, NS(1), REPORTED},
};
/* clang-format on */
enum { FIGURES = sizeof figures / sizeof figures[0] };

static bool judge_figures(const bar *row, const measure_options *options)
{
    static const char *const names[] = {"threads", "1 worker", "2 workers"};
    static measure_arm arms[FIGURES_MOST];
    const figure *wanted[FIGURES_MOST];
    plan plans[FIGURES_MOST];
    filch_runtime *runtimes[1 + RUNTIMES] = {NULL};
    int count = 0;
    bool reached = true;
    for (const figure *f = figures; f < figures + FIGURES; f++) {
        if (strcmp(f->bar, row->name) != 0 || !measure_wanted(options, f->part))
            continue;
        if (f->workers && !runtimes[f->workers])
            runtimes[f->workers] = runtime_of(f->workers, NULL);
        plans[count] = (plan){runtimes[f->workers], f->room, options->size / f->share, 0, NULL};
        arms[count] = (measure_arm){names[f->workers], f->once, &plans[count], {0}};
        wanted[count++] = f;
    }
    measure_interleaved(arms, count, options->repeat);
    for (int i = 0; i < count; i++)
        measure_show(wanted[i]->part, &arms[i], 1e9, "ns", options->repeat);
    for (int i = 0; i < count; i++) {
        const figure *f = wanted[i];
        reached &= f->ratio ? measure_judge_ratio(f->what, &arms[i], &arms[i - 1], options->repeat,
                                                  f->bound, f->value)
                            : measure_judge_arm(f->what, &arms[i], 1e9, options->repeat, f->bound,
                                                f->value);
    }
    for (int i = 1; i <= RUNTIMES; i++)
        if (runtimes[i])
            filch_runtime_destroy(runtimes[i]);
    return reached;
}

int main(int argc, char **argv)
{
    static const bar bars[] = {
        {"contexts", NULL, judge_figures, 1000000, "CHILDREN of a round"},
        {"channels", NULL, judge_figures, 1000000, "messages"},
        {"streams", NULL, judge_figures, 100000, "items of a stream"},
        {"futures", NULL, judge_figures, 1000000, "tasks, and futures"},
        {"futures", "burst", futures_memory, BARS_SAME},
        {"locks", "pairs", locks_pairs, 1000000, "LOCKS of a round, of all parties together"},
        {"locks", "busy", locks_busy, BARS_SAME},
        {"locks", "spaced", locks_spaced, BARS_SAME},
        {"locks", "patience", locks_patience, BARS_SAME},
        {"timers", "pairs", timers_pairs, 5, "SECONDS of waiting"},
        {"timers", "fired", timers_fired, BARS_SAME},
        {"timers", "asleep", timers_asleep, BARS_SAME},
        {"timers", "late", timers_late, BARS_SAME},
    };
    return bars_main(argc, argv, bars, sizeof bars / sizeof bars[0]);
}
