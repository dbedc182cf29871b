/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A queue's numbers, as metrics. Counters are the queue's own; only gauges ask the store. */
#include <runtime/metrics/metrics.h>
#include <runtime/resilience/dead_letters.h>

#include <runtime/platform/error.h>
#include <runtime/platform/given.h>
#include <runtime/platform/lock.h>

#include <errno.h>

static double counter_of(filch_dead_letters *letters, const uint64_t *which)
{
    fl_lock(&letters->lock);
    uint64_t value = *which;
    fl_unlock(&letters->lock);
    return (double)value;
}

#define READ_COUNTER(field)                                                                        \
    static double read_##field(void *letters)                                                      \
    {                                                                                              \
        return counter_of(letters, &((filch_dead_letters *)letters)->stats.field);                 \
    }
READ_COUNTER(put)
READ_COUNTER(refused)
READ_COUNTER(returned)
READ_COUNTER(requeued)
READ_COUNTER(purged)
READ_COUNTER(expired)
READ_COUNTER(dropped)

/* A store that does not answer: NaN. */
#define READ_GAUGE(field)                                                                          \
    static double read_##field(void *letters)                                                      \
    {                                                                                              \
        filch_dead_letters_stats stats;                                                            \
        return filch_dead_letters_stats_read(letters, &stats, sizeof stats) ? __builtin_nan("")    \
                                                                            : (double)stats.field; \
    }
READ_GAUGE(kept)
READ_GAUGE(taken)

#define COUNTER(metric, says, from)                                                                \
    {                                                                                              \
        .name = "filch_dead_letters_" metric "_total", .help = says, .kind = FILCH_METRIC_COUNTER, \
        .read = from                                                                               \
    }
#define GAUGE(metric, says, from)                                                                  \
    {                                                                                              \
        .name = "filch_dead_letters_" metric, .help = says, .kind = FILCH_METRIC_GAUGE,            \
        .read = from                                                                               \
    }
#define GONE(which)                                                                                \
    {                                                                                              \
        .name = "filch_dead_letters_gone_total",                                                   \
        .help = "Letters that have gone, by the way out.", .labels = {{"way", #which}},            \
        .kind = FILCH_METRIC_COUNTER, .read = read_##which                                         \
    }

static const filch_metric metrics_of_letters[] = {
    COUNTER("put", "Letters that were taken in.", read_put),
    COUNTER("refused", "Letters that could not be taken in.", read_refused),
    COUNTER("returned", "Letters whose submission failed again.", read_returned),
    GONE(requeued),
    GONE(purged),
    GONE(expired),
    GONE(dropped),
    GAUGE("kept", "Letters that wait for somebody.", read_kept),
    GAUGE("taken", "Letters that are being requeued.", read_taken),
};
enum { METRICS = sizeof metrics_of_letters / sizeof *metrics_of_letters };

static int add(filch_metrics *metrics, filch_metric one, filch_dead_letters *letters)
{
    unsigned label = one.labels[0].name ? 1 : 0;
    one.labels[label] = (filch_label){"letters", letters->config.name};
    one.owner = letters;
    one.arg = letters;
    return filch_metrics_add(metrics, &one);
}

int filch_metrics_add_dead_letters(filch_metrics *metrics, filch_dead_letters *letters)
{
    FL_ALIVE(metrics);
    FL_ALIVE(letters);
    uint64_t before = fl_metrics_newest(metrics);
    int rc = 0;
    for (unsigned i = 0; i < METRICS && !rc; i++)
        rc = add(metrics, metrics_of_letters[i], letters);
    if (rc)
        fl_metrics_remove_above(metrics, letters, before);
    return rc;
}
