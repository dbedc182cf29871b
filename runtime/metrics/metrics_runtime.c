/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A runtime's own counters, as metrics: a row for each of filch_stats. */
#include <runtime/metrics/metrics.h>

#include <runtime/engine/runtime.h>
#include <runtime/platform/error.h>
#include <runtime/platform/given.h>

#include <errno.h>

static void read_stats(const void *rt, void *stats, size_t size)
{
    filch_runtime_stats_read(rt, stats, size);
}

static const fl_metric_stats stats_of_runtime = {sizeof(filch_stats), read_stats};

static double read_workers(void *rt)
{
    return filch_runtime_workers(rt);
}

int filch_metrics_add_runtime(filch_metrics *metrics, filch_runtime *rt, const char *name)
{
    FL_ALIVE(metrics);
    FL_ALIVE(rt);
    uint64_t before = fl_metrics_newest(metrics);
    filch_metric one = {.labels = {{name ? "runtime" : NULL, name}}, .arg = rt};
    const filch_stat *row;
    int rc = 0;
    for (unsigned i = 0; !rc && (row = filch_stats_row(i)); i++)
        rc = fl_metrics_add_row(metrics, &one, &stats_of_runtime, "runtime", row);
    one.name = "filch_runtime_workers";
    one.help = "Workers of the runtime.";
    one.kind = FILCH_METRIC_GAUGE;
    one.read = read_workers;
    rc = rc ? rc : filch_metrics_add(metrics, &one);
    if (rc)
        fl_metrics_remove_above(metrics, rt, before);
    return rc;
}
