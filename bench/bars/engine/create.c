/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Bars: create and destroy a runtime with two workers, after the process's first; resident
 * memory of an idle one (idle_rss.c) over a program that only loads the topology (topology_only.c).
 * Memory is per process, so both are programs, run anew each round. */
#include "bars.h"

static double once(void *context)
{
    double from = measure_now();
    filch_runtime_destroy(runtime_of(2, NULL));
    return measure_now() - from;
}

static void *nothing(void *arg)
{
    return arg;
}

static double thread_once(void *context)
{
    pthread_t threads[2];
    double from = measure_now();
    for (int i = 0; i < 2; i++)
        measure_expect(!pthread_create(&threads[i], NULL, nothing, NULL), "no thread");
    for (int i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    return measure_now() - from;
}

static double resident(void *context)
{
    FILE *f = popen(context, "r");
    long kib = -1;
    measure_expect(f && fscanf(f, "%ld", &kib) == 1, "a program prints no figure");
    pclose(f);
    return (double)kib;
}

bool create_time(const bar *unused, const measure_options *options)
{
    static measure_arm arms[] = {{.name = "runtime", .once = once},
                                 {.name = "two threads", .once = thread_once}};
    measure_race("create + destroy", arms, 2, 1e3, "ms", options->repeat);
    return measure_judge_arm("create + destroy, 2 workers, after the first: ms", &arms[0], 1e3,
                             options->repeat, MEASURE_AT_MOST, 1);
}

bool create_memory(const bar *unused, const measure_options *options)
{
    static measure_arm arms[] = {{.name = "topology", .once = resident, .context = TOPOLOGY_ONLY},
                                 {.name = "idle runtime", .once = resident, .context = IDLE_RSS}};
    measure_race("resident", arms, 2, 1, "KiB", options->repeat);
    for (int i = 0; i < options->repeat; i++)
        arms[1].at[i] -= arms[0].at[i];
    return measure_judge_arm("idle runtime, resident over topology only: KiB", &arms[1], 1,
                             options->repeat, MEASURE_AT_MOST, 2048);
}
