/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Bars: create and destroy a runtime with two workers, after the process's first; resident
 * memory of an idle one over a program that only loads the topology. The two programs for the
 * latter are named on the command line. */
#include "measure.h"

#include "runtimes.h"

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
        if (pthread_create(&threads[i], NULL, nothing, NULL))
            exit(1);
    for (int i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    return measure_now() - from;
}

static double resident(void *context)
{
    FILE *f = popen(context, "r");
    long kib = -1;
    if (!f || fscanf(f, "%ld", &kib) != 1) {
        fprintf(stderr, "%s: no figure\n", (const char *)context);
        exit(1);
    }
    pclose(f);
    return (double)kib;
}

int main(int argc, char **argv)
{
    static measure_arm arms[2], rss[2];
    measure_options options = measure_read_options(argc, argv, 0, "unused");
    arms[0] = (measure_arm){.name = "runtime", .once = once};
    arms[1] = (measure_arm){.name = "two threads", .once = thread_once};
    measure_interleaved(arms, 2, options.repeat);
    measure_show("create + destroy", &arms[0], 1e3, "ms", options.repeat);
    measure_show("create + join", &arms[1], 1e3, "ms", options.repeat);
    measure_spread spread = measure_spread_of(arms[0].at, options.repeat);
    spread.median *= 1e3, spread.least *= 1e3, spread.most *= 1e3;
    bool reached = measure_judge("create + destroy, 2 workers, after the first: ms", spread,
                                 MEASURE_AT_MOST, 1);
    if (argc - optind != 2) {
        fprintf(stderr,
                "resident memory not measured: name the two programs, topology only and idle\n");
        return 1;
    }
    for (int i = 0; i < 2; i++)
        rss[i] = (measure_arm){.name = i ? "idle runtime" : "topology",
                               .once = resident,
                               .context = argv[optind + i]};
    measure_interleaved(rss, 2, options.repeat);
    for (int i = 0; i < 2; i++)
        measure_show("resident", &rss[i], 1, "KiB", options.repeat);
    for (int i = 0; i < options.repeat; i++)
        rss[1].at[i] -= rss[0].at[i];
    reached = measure_judge("idle runtime, resident over topology only: KiB",
                            measure_spread_of(rss[1].at, options.repeat), MEASURE_AT_MOST, 2048) &&
              reached;
    return reached ? 0 : 1;
}
