/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A pool's counts, as metrics. */
#include <runtime/metrics/metrics.h>
#include <runtime/pool/pool.h>

#include <runtime/platform/error.h>
#include <runtime/platform/given.h>

#include <errno.h>

/* ---- What is read ---- */

static filch_pool_stats stats_of(void *pool)
{
    filch_pool_stats stats;
    filch_pool_stats_read(pool, &stats, sizeof stats);
    return stats;
}

#define READ(name, field)                                                                          \
    static double read_##name(void *pool)                                                          \
    {                                                                                              \
        return (double)stats_of(pool).field;                                                       \
    }
READ(accepted, accepted)
READ(refused, refused)
READ(waiting, waiting)
READ(running, running)
READ(width, width)
READ(grown, grown)
READ(shrunk, shrunk)
READ(succeeded, outcomes[FILCH_SUCCEEDED])
READ(failed, outcomes[FILCH_FAILED])
READ(panicked, outcomes[FILCH_PANICKED])
READ(timed_out, outcomes[FILCH_TIMED_OUT])
READ(cancelled, outcomes[FILCH_CANCELLED])
READ(dropped, outcomes[FILCH_DROPPED])
READ(dead_lettered, outcomes[FILCH_DEAD_LETTERED])
READ(retries, retries)
READ(delayed, delayed)
READ(stuck, stuck)
READ(running_most, running_most)
READ(waiting_most, waiting_most)
READ(held, held)

/* ---- The metrics ---- */

#define COUNTER(metric, says, from)                                                                \
    {                                                                                              \
        .name = "filch_pool_" metric "_total", .help = says, .kind = FILCH_METRIC_COUNTER,         \
        .read = from                                                                               \
    }
#define GAUGE(metric, says, from)                                                                  \
    {                                                                                              \
        .name = "filch_pool_" metric, .help = says, .kind = FILCH_METRIC_GAUGE, .read = from       \
    }
#define OUTCOME(which)                                                                             \
    {                                                                                              \
        .name = "filch_pool_outcomes_total", .help = "Jobs by what became of them.",               \
        .labels = {{"outcome", #which}}, .kind = FILCH_METRIC_COUNTER, .read = read_##which        \
    }

static const filch_metric metrics_of_pool[] = {
    COUNTER("accepted", "Jobs that were accepted.", read_accepted),
    COUNTER("refused", "Submissions that were not accepted.", read_refused),
    COUNTER("retries", "Attempts after the first.", read_retries),
    GAUGE("waiting", "Jobs in the queue, or delayed.", read_waiting),
    GAUGE("delayed", "Jobs that wait for a permit or a retry.", read_delayed),
    GAUGE("running", "Jobs in progress.", read_running),
    GAUGE("stuck", "Jobs in progress that do not return after their deadlines.", read_stuck),
    GAUGE("running_most", "The most jobs that were in progress at a time.", read_running_most),
    GAUGE("waiting_most", "The most jobs that waited at a time.", read_waiting_most),
    GAUGE("held", "Handles of jobs that were not released.", read_held),
    GAUGE("width", "Jobs that may be in progress at a time.", read_width),
    COUNTER("grown", "Times it became wider of its own accord.", read_grown),
    COUNTER("shrunk", "Times it became narrower of its own accord.", read_shrunk),
    OUTCOME(succeeded),
    OUTCOME(failed),
    OUTCOME(panicked),
    OUTCOME(timed_out),
    OUTCOME(cancelled),
    OUTCOME(dropped),
    OUTCOME(dead_lettered),
};
enum { METRICS = sizeof metrics_of_pool / sizeof *metrics_of_pool };

static int add(filch_metrics *metrics, filch_metric one, filch_pool *pool)
{
    unsigned label = one.labels[0].name ? 1 : 0;
    one.labels[label] = (filch_label){"pool", pool->config.name};
    one.owner = pool;
    if (one.read)
        one.arg = pool;
    return filch_metrics_add(metrics, &one);
}

static int add_times(filch_metrics *metrics, filch_pool *pool, filch_metric_kind kind)
{
    const filch_metric waits = {.name = "filch_pool_wait_seconds",
                                .help = "How long jobs were in the queue.",
                                .kind = kind,
                                .distribution = pool->waits,
                                .unit = 1e9};
    const filch_metric runs = {.name = "filch_pool_run_seconds",
                               .help = "How long jobs were in progress.",
                               .kind = kind,
                               .distribution = pool->runs,
                               .unit = 1e9};
    int rc = add(metrics, waits, pool);
    return rc ? rc : add(metrics, runs, pool);
}

static int add_pool(filch_metrics *metrics, filch_pool *pool, const char *call,
                    filch_metric_kind times)
{
    if (!metrics || !pool)
        return fl_fail(EINVAL, "%s without a registry or a pool; give it both", call);
    uint64_t before = fl_metrics_newest(metrics);
    int rc = 0;
    for (unsigned i = 0; i < METRICS && !rc; i++)
        rc = add(metrics, metrics_of_pool[i], pool);
    if (!rc && pool->waits)
        rc = add_times(metrics, pool, times);
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
