/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A pool's numbers, as metrics. */
#include <runtime/engine/observe/page_writer.h>
#include <runtime/metrics/metrics.h>
#include <runtime/pool/pool.h>
#include <runtime/pool/statistics.h>

#include <runtime/platform/error.h>
#include <runtime/platform/given.h>

#include <errno.h>

static const fl_metric_stats stats_of_pool = {sizeof(filch_pool_stats), fl_pool_stats_read};

/* An outcome is a label of one name. */
static int add_row(filch_metrics *metrics, filch_pool *pool, filch_runtime_stat row)
{
    const size_t outcomes = offsetof(filch_pool_stats, outcomes);
    filch_metric one = {.labels = {{"pool", pool->config.name}}, .arg = pool};
    if (row.offset >= outcomes && row.offset < outcomes + FILCH_OUTCOMES * sizeof(uint64_t)) {
        one.labels[1] = (filch_label){"outcome", row.name};
        row.name = "outcomes";
        row.help = "Finished jobs by outcome.";
    }
    return fl_metrics_add_row(metrics, &one, &stats_of_pool, "pool", &row);
}

static int add_time(filch_metrics *metrics, filch_pool *pool, filch_metric_kind kind,
                    const char *name, const char *help, const filch_distribution *times)
{
    return filch_metrics_add(metrics, &(filch_metric){.name = name,
                                                      .help = help,
                                                      .labels = {{"pool", pool->config.name}},
                                                      .kind = kind,
                                                      .distribution = times,
                                                      .owner = pool,
                                                      .unit = 1e9});
}

static int add_pool(filch_metrics *metrics, filch_pool *pool, const char *call,
                    filch_metric_kind times)
{
    if (!metrics || !pool)
        return fl_fail(EINVAL, "%s without a registry or a pool; give it both", call);
    uint64_t before = fl_metrics_newest(metrics);
    int rc = 0;
    for (uint32_t i = 0; i < fl_share_pool_numbers.count && !rc; i++)
        rc = add_row(metrics, pool, fl_share_pool_numbers.rows[i]);
    if (!rc && pool->waits)
        rc = add_time(metrics, pool, times, "filch_pool_wait_seconds",
                      "Time jobs spent in the queue.", pool->waits);
    if (!rc && pool->runs)
        rc = add_time(metrics, pool, times, "filch_pool_run_seconds", "Time jobs spent running.",
                      pool->runs);
    if (rc)
        fl_metrics_remove_above(metrics, pool, before);
    return rc;
}

int filch_metrics_add_pool(filch_metrics *metrics, filch_pool *pool)
{
    FL_ALIVE(metrics);
    FL_ALIVE(pool);
    return add_pool(metrics, pool, "filch_metrics_add_pool", FILCH_METRIC_SUMMARY);
}

int filch_metrics_add_pool_histograms(filch_metrics *metrics, filch_pool *pool)
{
    FL_ALIVE(metrics);
    FL_ALIVE(pool);
    return add_pool(metrics, pool, "filch_metrics_add_pool_histograms", FILCH_METRIC_HISTOGRAM);
}
