/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Metrics: counters, gauges and distributions, and their exposition for Prometheus. For service
 * authors.
 *
 *   filch_counter_create(&requests);
 *   filch_metrics_add(metrics, &(filch_metric){.name = "shop_requests_total", .help = "Requests.",
 *                                              .kind = FILCH_METRIC_COUNTER, .counter = requests});
 *   filch_counter_add(requests, 1);                           some nanoseconds, from anywhere
 *   filch_metrics_write(metrics, write_to_socket, &socket);   while all go on counting
 *
 * Counters and distributions are sharded: each thread counts in a cell on a cache line of its own,
 * and who reads adds the cells up. So counting disturbs nobody, and reading stops nobody. What is
 * read while others count is a sum of moments that lie close together; it is exact when they have
 * ended.
 * Life: counters, gauges and distributions are the caller's. Before one goes away,
 * filch_metrics_remove it, or destroy the registry.
 * Threads: all by tasks and by any thread, but not in signal handlers. What can wait says so.
 * Errors: 0 or a negative errno. */
#ifndef FILCH_METRICS_H
#define FILCH_METRICS_H

#include <filch/atomic.h>
#include <filch/runtime.h>

/* ---- Types ---- */

/* Only grows. */
typedef struct filch_counter filch_counter;

/* A number that rises and falls. Zero bytes: 0. Its member is the library's. */
typedef struct filch_gauge {
    filch_u64 level;
} filch_gauge;

/* How often which values came up, as log-linear buckets: 64 of them for each power of two, so that
 * a value is known to 0.8 %, whether it is a microsecond or an hour. (G. Tene, HdrHistogram.) Takes
 * 29 KiB for each thread that records, as far as it is used. */
typedef struct filch_distribution filch_distribution;

/* What one or more distributions held at a moment. Not for several threads at a time. */
typedef struct filch_snapshot filch_snapshot;

/* A registry: what is shown, and under which name. */
typedef struct filch_metrics filch_metrics;

enum { FILCH_LABELS_MOST = 8, FILCH_MARKS_MOST = 32 };

typedef struct filch_label {
    const char *name, *value;
} filch_label;

typedef enum filch_metric_kind {
    FILCH_METRIC_COUNTER,   /* of a counter, or read */
    FILCH_METRIC_GAUGE,     /* of a gauge, or read */
    FILCH_METRIC_SUMMARY,   /* of a distribution: quantiles of all values since it was created */
    FILCH_METRIC_HISTOGRAM, /* of a distribution: how many values were up to which bound */
    FILCH_METRIC_KINDS
} filch_metric_kind;

/* Reads a value that lives elsewhere. May wait, and panic; must not remove what it reads. */
typedef double filch_metric_read_fn(void *arg);

/* What is to be shown. Only pointers to sources are kept; texts are copied. */
typedef struct filch_metric {
    const char *name; /* letters, digits, _; a counter's ends in _total, no other does */
    const char *help; /* a sentence */
    filch_label labels[FILCH_LABELS_MOST]; /* up to the first without a name; in any order */
    filch_metric_kind kind;
    /* The source: one of these, as kind says. */
    const filch_counter *counter;
    const filch_gauge *gauge;
    const filch_distribution *distribution;
    filch_metric_read_fn *read;
    void *arg;         /* of read */
    const void *owner; /* for filch_metrics_remove; NULL: the source, or arg */
    double unit;       /* so many make one of what is shown: 1e9 where nanoseconds are recorded and
                          seconds shown; 0: 1. Not for what is read */
    /* Up to the first 0, ascending: a summary's quantiles (none: 0.5, 0.9, 0.99, 0.999, 1; 1 is the
     * maximum), or a histogram's bounds, as shown (none: 0.00001 to 10, three a decade). What is up
     * to 1.6 % above a bound may count as below. */
    double marks[FILCH_MARKS_MOST];
} filch_metric;

/* Takes the next piece of a text. Not 0: the text ends here. May wait, and panic. */
typedef int filch_write_fn(const char *text, size_t size, void *arg);

/* What is written is of this type, in the words of HTTP. */
#define FILCH_METRICS_TYPE "text/plain; version=0.0.4; charset=utf-8"

FILCH_BEGIN_DECLS

/* ---- Counters ---- */

/* -EINVAL out is NULL; -ENOMEM. */
FILCH_API int filch_counter_create(filch_counter **out);
/* NULL is allowed. */
FILCH_API void filch_counter_destroy(filch_counter *counter);
FILCH_API void filch_counter_add(filch_counter *counter, uint64_t n);
/* Never less than what any read that is known to have ended returned. */
FILCH_API uint64_t filch_counter_read(const filch_counter *counter);

/* ---- Gauges ---- */

FILCH_API void filch_gauge_set(filch_gauge *gauge, int64_t value);
/* n may be negative. */
FILCH_API void filch_gauge_add(filch_gauge *gauge, int64_t n);
FILCH_API int64_t filch_gauge_read(const filch_gauge *gauge);

/* ---- Distributions ---- */

/* -EINVAL out is NULL; -ENOMEM. */
FILCH_API int filch_distribution_create(filch_distribution **out);
/* NULL is allowed. */
FILCH_API void filch_distribution_destroy(filch_distribution *distribution);
/* Records any value from 0 up, such as nanoseconds; a negative one, of clocks that disagree, counts
 * as 0. */
FILCH_API void filch_distribution_record(filch_distribution *distribution, int64_t value);

/* ---- Snapshots: read at leisure, merged, compared ---- */

/* An empty one. -EINVAL out is NULL; -ENOMEM. */
FILCH_API int filch_snapshot_create(filch_snapshot **out);
/* NULL is allowed. */
FILCH_API void filch_snapshot_destroy(filch_snapshot *snapshot);
FILCH_API void filch_snapshot_clear(filch_snapshot *snapshot);
/* Adds what the distribution, the other snapshot, holds. */
FILCH_API void filch_snapshot_add(filch_snapshot *snapshot, const filch_distribution *distribution);
FILCH_API void filch_snapshot_merge(filch_snapshot *snapshot, const filch_snapshot *other);
/* Takes away what an earlier snapshot of the same distribution holds: what is left came between
 * the two. Its maximum is known to 0.8 % then. */
FILCH_API void filch_snapshot_subtract(filch_snapshot *snapshot, const filch_snapshot *earlier);
FILCH_API uint64_t filch_snapshot_count(const filch_snapshot *snapshot);
/* Of all values, exactly; modulo 2^64. */
FILCH_API uint64_t filch_snapshot_sum(const filch_snapshot *snapshot);
/* Exactly; 0 where nothing was recorded. */
FILCH_API int64_t filch_snapshot_max(const filch_snapshot *snapshot);
/* The value that a share q of all values do not exceed, to 0.8 %; q from 0 (the least) to 1 (the
 * maximum, exactly). 0 where nothing was recorded. */
FILCH_API int64_t filch_snapshot_quantile(const filch_snapshot *snapshot, double q);

/* ---- The registry ---- */

/* An empty one. -EINVAL out is NULL; -ENOMEM. */
FILCH_API int filch_metrics_create(filch_metrics **out);
/* Nobody uses it any more. NULL is allowed. */
FILCH_API void filch_metrics_destroy(filch_metrics *metrics);
/* Shows a metric from now on. Metrics of one name differ in their labels. -EINVAL what is wrong
 * with it filch_error() says; -EEXIST one of this name and labels is shown; -ENOMEM. */
FILCH_API int filch_metrics_add(filch_metrics *metrics, const filch_metric *metric);
/* Shows no more what belongs to this owner (see filch_metric), and waits until nobody reads it:
 * then it may go away. Not from a read function of it. Returns how many they were; -EINVAL owner is
 * NULL. */
FILCH_API int filch_metrics_remove(filch_metrics *metrics, const void *owner);
/* Shows what filch_runtime_stats knows of rt, as filch_runtime_...; name: of the label `runtime`,
 * NULL: without. rt is the owner. Errors: as filch_metrics_add; then nothing was added. */
FILCH_API int filch_metrics_add_runtime(filch_metrics *metrics, filch_runtime *rt,
                                        const char *name);
/* Writes all, in the order in which they were added, as Prometheus' text format 0.0.4. What is
 * added meanwhile comes with the next call. Any number of calls at a time. -EINVAL write is NULL;
 * -ENOMEM; what write returned. Waits where write and read do. */
FILCH_API int filch_metrics_write(filch_metrics *metrics, filch_write_fn *write, void *arg);

FILCH_END_DECLS
#endif
