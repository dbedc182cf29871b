/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A runtime's own counters, as metrics: a row for each of filch_stats. */
#include <runtime/metrics/metrics.h>

#include <runtime/core/error.h>

#include <errno.h>

/* What is counted, and what it is. */
#define COUNTERS(ROW)                                                                              \
    ROW(gifts, "Times a thief that asked was handed tasks.")                                       \
    ROW(gift_tasks, "Tasks handed to thieves that asked.")                                         \
    ROW(robs, "Tasks taken from a silent owner.")                                                  \
    ROW(deque_steals, "Items taken from another worker's ready deque.")                            \
    ROW(queue_takes, "Tasks taken from a shared queue.")                                           \
    ROW(pushes, "Tasks given to another worker by their forker.")                                  \
    ROW(exposures, "Times an owner shared some of its private tasks.")                             \
    ROW(asks, "Requests that thieves made.")                                                       \
    ROW(heavy_fences, "Calls of membarrier.")                                                      \
    ROW(wakes, "Sleeping workers woken.")                                                          \
    ROW(parks, "Times a worker went to sleep.")                                                    \
    ROW(switches, "Fiber switches.")                                                               \
    ROW(migrations, "Fibers that went on on another worker.")                                      \
    ROW(outside, "Tasks taken from outside.")

#define READ(field, help)                                                                          \
    static double read_##field(void *rt)                                                           \
    {                                                                                              \
        filch_stats stats = {0};                                                                   \
        filch_runtime_stats(rt, &stats, sizeof stats);                                             \
        return (double)stats.field;                                                                \
    }
COUNTERS(READ)
READ(fibers, )

static double read_workers(void *rt)
{
    return filch_runtime_workers(rt);
}

#define METRIC(field, says)                                                                        \
    {.name = "filch_runtime_" #field "_total",                                                     \
     .help = says,                                                                                 \
     .kind = FILCH_METRIC_COUNTER,                                                                 \
     .read = read_##field},
static const filch_metric metrics_of_runtime[] = {
    COUNTERS(METRIC){.name = "filch_runtime_fibers",
                     .help = "Fibers in existence.",
                     .kind = FILCH_METRIC_GAUGE,
                     .read = read_fibers},
    {.name = "filch_runtime_workers",
     .help = "Workers of the runtime.",
     .kind = FILCH_METRIC_GAUGE,
     .read = read_workers},
};

int filch_metrics_add_runtime(filch_metrics *metrics, filch_runtime *rt, const char *name)
{
    if (!metrics || !rt)
        return fl_fail(EINVAL, "filch_metrics_add_runtime without a registry or a runtime; give it "
                               "both");
    uint64_t before = fl_metrics_newest(metrics);
    int rc = 0;
    for (unsigned i = 0; !rc && i < sizeof metrics_of_runtime / sizeof *metrics_of_runtime; i++) {
        filch_metric one = metrics_of_runtime[i];
        one.arg = rt;
        if (name)
            one.labels[0] = (filch_label){"runtime", name};
        rc = filch_metrics_add(metrics, &one);
    }
    if (rc)
        fl_metrics_remove_above(metrics, rt, before);
    return rc;
}
