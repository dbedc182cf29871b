/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A runtime's own counters, as metrics: a row for each of filch_stats. */
#include <runtime/metrics/metrics.h>

#include <runtime/engine/counters.h>
#include <runtime/engine/runtime.h>
#include <runtime/platform/error.h>
#include <runtime/platform/given.h>

#include <errno.h>

#define READ(index, field, unit, help)                                                             \
    static double read_##field(void *rt)                                                           \
    {                                                                                              \
        filch_stats stats = {0};                                                                   \
        filch_runtime_stats_read(rt, &stats, sizeof stats);                                        \
        return (double)stats.field;                                                                \
    }
FL_COUNTER_TABLE(READ)
READ(, fibers, , )
READ(, suspended, , )
READ(, all_forks, , )
READ(, fibers_used, , )
READ(, fibers_used_most, , )

/* Shown in seconds. */
#define READ_TIME(field)                                                                           \
    READ(, field##_ns, , )                                                                         \
    static double read_##field(void *rt)                                                           \
    {                                                                                              \
        return read_##field##_ns(rt) / 1e9;                                                        \
    }
READ_TIME(work)
READ_TIME(search)
READ_TIME(sleep)
READ_TIME(retired)

static double read_workers(void *rt)
{
    return filch_runtime_workers(rt);
}

#define METRIC(as, kind_, from, says)                                                              \
    {                                                                                              \
        .name = "filch_runtime_" as, .help = says, .kind = FILCH_METRIC_##kind_,                   \
        .read = read_##from                                                                        \
    }
#define COUNTED(index, field, unit, says) METRIC(#field "_total", COUNTER, field, says),
static const filch_metric metrics_of_runtime[] = {
    FL_COUNTER_TABLE(COUNTED) /* */
    METRIC("work_seconds_total", COUNTER, work, "Time in which workers had something to do."),
    METRIC("search_seconds_total", COUNTER, search, "Time in which workers looked for work."),
    METRIC("sleep_seconds_total", COUNTER, sleep, "Time in which workers slept."),
    METRIC("retired_seconds_total", COUNTER, retired, "Time in which workers were surplus."),
    METRIC("fibers", GAUGE, fibers, "Fibers in existence."),
    METRIC("suspended", GAUGE, suspended, "Fibers that wait."),
    METRIC("all_forks", GAUGE, all_forks, "1 where each fork comes out of line and is counted."),
    METRIC("fibers_used", GAUGE, fibers_used, "Fibers of jobs and workers."),
    METRIC("fibers_used_most", GAUGE, fibers_used_most, "Most of them at a time."),
    METRIC("workers", GAUGE, workers, "Workers of the runtime."),
};

int filch_metrics_add_runtime(filch_metrics *metrics, filch_runtime *rt, const char *name)
{
    FL_ALIVE(metrics);
    FL_ALIVE(rt);
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
