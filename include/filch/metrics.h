/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Metrics: counters, gauges and distributions, families of them, and their exposition for
 * Prometheus. For service authors.
 *
 *   filch_counter_create(&requests);
 *   filch_metrics_add(metrics, &(filch_metric){.name = "shop_requests_total", .help = "Requests.",
 *                                              .kind = FILCH_METRIC_COUNTER, .counter = requests});
 *   filch_counter_add(requests, 1);                           a few nanoseconds, from anywhere
 *   filch_metrics_write(metrics, write_to_socket, &socket);   while others count
 *
 * Counters and distributions are sharded: each thread counts in a cell on its own cache line, and
 * a reader adds up the cells. So threads that count do not disturb each other, and reading stops
 * none of them. A read while others count sums cells at slightly different moments; it is exact
 * once they have stopped counting.
 * Life: counters, gauges and distributions belong to the caller. Before one goes away, call
 * filch_metrics_remove, or destroy the registry. A family is destroyed before its registry; its
 * metrics are valid until then.
 * Threads: tasks and any thread, but not signal handlers.
 * Suspends: removing metrics, destroying a family, and writing where its functions do. A call that
 * adds several metrics and fails removes those that it has added.
 * Errors: 0 or a negative errno.
 * Since 0.1.0. */
#ifndef FILCH_METRICS_H
#define FILCH_METRICS_H
#include <filch/detail/hide_words.h>

#include <filch/atomic.h>
#include <filch/runtime.h>

/* ---- Types ---- */

/* A number that only grows. */
typedef struct filch_counter filch_counter;

/* A number that rises and falls. Zero bytes: 0. Opaque. */
typedef struct filch_gauge {
    filch_u64 level;
} filch_gauge;

/* A distribution of values in log-linear buckets, 64 per power of two: a value is known to 0.8 %,
 * be it a microsecond or an hour. (G. Tene, HdrHistogram.) Takes up to 29 KiB per recording thread,
 * depending on the range of the values. */
typedef struct filch_distribution filch_distribution;

/* The contents of one or more distributions at a moment. Not for concurrent use. */
typedef struct filch_snapshot filch_snapshot;
typedef struct filch_snapshot_values {
    uint64_t count;
    uint64_t sum; /* exact, modulo 2^64 */
    int64_t max;  /* exact until filch_snapshot_subtract; 0 if nothing was recorded */
} filch_snapshot_values;

/* A registry: the published metrics and their names. */
typedef struct filch_metrics filch_metrics;

/* The most labels of a metric, and its most quantiles or bounds. */
enum { FILCH_LABELS_MOST = 8, FILCH_MARKS_MOST = 32 };

/* A label of a metric. */
typedef struct filch_label {
    const char *name, *value;
} filch_label;

typedef enum filch_metric_kind {
    FILCH_METRIC_COUNTER,   /* from a counter, or by a read function */
    FILCH_METRIC_GAUGE,     /* from a gauge, or by a read function */
    FILCH_METRIC_SUMMARY,   /* from a distribution: quantiles of all values since it was created */
    FILCH_METRIC_HISTOGRAM, /* from a distribution: the number of values up to each bound */
    FILCH_METRIC_KINDS
} filch_metric_kind;

/* Reads a value kept elsewhere. May wait or panic; must not remove its own metric. */
typedef double filch_metric_read_fn(void *arg);

/* A metric to publish. Only pointers to sources are kept; texts are copied. */
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
    void *arg;         /* for read */
    const void *owner; /* for filch_metrics_remove; NULL: the source, or arg */
    double unit;       /* recorded units per shown unit: 1e9 if nanoseconds are recorded and
                          seconds shown; 0: 1. Not for read values */
    /* Up to the first 0, ascending: a summary's quantiles (none: 0.5, 0.9, 0.99, 0.999, 1; 1 is
     * the maximum), or a histogram's bounds, as shown (none: 0.00001 to 10, three a decade). A
     * value up to 1.6 % above a bound may count as below it. */
    double marks[FILCH_MARKS_MOST];
} filch_metric;

/* Takes the next piece of a text. A nonzero return ends the text here. May wait, and panic. */
typedef int filch_write_fn(const char *text, size_t size, void *arg);

/* The HTTP content type of the text written. */
#define FILCH_METRICS_TYPE "text/plain; version=0.0.4; charset=utf-8"

FILCH_BEGIN_DECLS

/* ---- Counters ---- */

/* Creates a counter. Errors: -EINVAL (out is NULL); -ENOMEM. */
FILCH_API int filch_counter_create(filch_counter **out);
/* Frees it; it must not be used or published afterwards. NULL is allowed. */
FILCH_API void filch_counter_destroy(filch_counter *counter);
/* Adds n to the count. Never waits. */
FILCH_API void filch_counter_add(filch_counter *counter, uint64_t n);
/* Returns the count; never less than a read that ended before this one began. */
FILCH_API uint64_t filch_counter_read(const filch_counter *counter);

/* ---- Gauges ---- */

/* Sets the value of the gauge. Never waits. */
FILCH_API void filch_gauge_set(filch_gauge *gauge, int64_t value);
/* Adds n, which may be negative. Never waits. */
FILCH_API void filch_gauge_add(filch_gauge *gauge, int64_t n);
/* Returns the value of the gauge. */
FILCH_API int64_t filch_gauge_read(const filch_gauge *gauge);

/* ---- Distributions ---- */

/* Creates an empty distribution. Errors: -EINVAL (out is NULL); -ENOMEM. */
FILCH_API int filch_distribution_create(filch_distribution **out);
/* Frees it; it must not be used or published afterwards. NULL is allowed. */
FILCH_API void filch_distribution_destroy(filch_distribution *distribution);
/* Records a value from 0 up, such as nanoseconds; a negative one (of clocks that disagree) counts
 * as 0. Never waits. */
FILCH_API void filch_distribution_record(filch_distribution *distribution, int64_t value);

/* ---- Snapshots ---- */

/* Creates an empty snapshot. Errors: -EINVAL (out is NULL); -ENOMEM. */
FILCH_API int filch_snapshot_create(filch_snapshot **out);
/* Frees it. NULL is allowed. */
FILCH_API void filch_snapshot_destroy(filch_snapshot *snapshot);
/* Empties it. */
FILCH_API void filch_snapshot_clear(filch_snapshot *snapshot);
/* Adds the contents of the distribution, which others may be recording to. */
FILCH_API void filch_snapshot_add(filch_snapshot *snapshot, const filch_distribution *distribution);
/* Adds the contents of the other snapshot. */
FILCH_API void filch_snapshot_merge(filch_snapshot *snapshot, const filch_snapshot *other);
/* Subtracts an earlier snapshot of the same distribution; the rest was recorded between the two.
 * Its maximum is then known to 0.8 %. */
FILCH_API void filch_snapshot_subtract(filch_snapshot *snapshot, const filch_snapshot *earlier);
/* Returns the number, sum and maximum of the values. */
FILCH_API filch_snapshot_values filch_snapshot_read(const filch_snapshot *snapshot);
/* Returns the value that a share q of all values do not exceed, to 0.8 %; q from 0 (the least)
 * to 1 (the exact maximum). 0 if nothing was recorded. */
FILCH_API int64_t filch_snapshot_quantile(const filch_snapshot *snapshot, double q);

/* ---- The registry ---- */

/* Creates an empty registry. Errors: -EINVAL (out is NULL); -ENOMEM. */
FILCH_API int filch_metrics_create(filch_metrics **out);
/* Frees it; no calls may be running. NULL is allowed. */
FILCH_API void filch_metrics_destroy(filch_metrics *metrics);
/* Publishes a metric. Metrics of one name differ in their labels. Errors: -EINVAL (filch_error()
 * names the field); -EEXIST (this name and labels are taken); -ENOMEM. */
FILCH_API int filch_metrics_add(filch_metrics *metrics, const filch_metric *metric);
/* Unregisters this owner's metrics (see filch_metric) and waits until no reader uses them; the
 * owner may then go away. Must not be called from one of its read functions. Returns the number
 * removed. Error: -EINVAL (owner is NULL). */
FILCH_API int filch_metrics_remove(filch_metrics *metrics, const void *owner);
/* Publishes the statistics of rt (filch_runtime_stats_read) as filch_runtime_...; each
 * filch_metrics_write reads them once. name is the value of the label `runtime` (NULL: no label).
 * rt is the owner. Errors: as filch_metrics_add; nothing is added then. */
FILCH_API int filch_metrics_add_runtime(filch_metrics *metrics, filch_runtime *rt,
                                        const char *name);
/* Publishes the process under the names of Prometheus' client libraries: process_cpu_seconds_total,
 * process_open_fds, process_max_fds, process_virtual_memory_bytes,
 * process_virtual_memory_max_bytes, process_resident_memory_bytes, process_start_time_seconds,
 * process_threads. Each is read from the kernel when it is written; NaN if the kernel does not
 * report it. The registry is the owner. Errors: as filch_metrics_add; nothing is added then. */
FILCH_API int filch_metrics_add_process(filch_metrics *metrics);
/* Writes all metrics by write(text, size, arg), in the order in which they were added, in
 * Prometheus' text format 0.0.4. Metrics added during the call appear in the next one. Calls may
 * run concurrently. Errors: -EINVAL (write is NULL); -ENOMEM; the code returned by write. Waits
 * where write and read do. */
FILCH_API int filch_metrics_write(filch_metrics *metrics, filch_write_fn *write, void *arg);

FILCH_END_DECLS

/* ---- Families ---- */

/* A family: metrics of one name whose label values are known only at run time, such as the status
 * of a response.
 *
 *   const filch_family_config config = {.name = "shop_responses_total", .help = "Responses.",
 *                                       .kind = FILCH_METRIC_COUNTER,
 *                                       .labels = {"method", "status"}};
 *   filch_family_create(&responses, metrics, &config);
 *   filch_counter_add(filch_family_counter(responses, FILCH_VALUES("GET", status)), 1);
 *
 * A label set (one value for each label) gets its own metric on its first request; later requests
 * find it by a few loads, without a lock. The number of label sets is capped, because values often
 * come from outside, and each set costs memory here and in Prometheus. Beyond the cap all requests
 * share one overflow metric, whose labels are all "(other)";
 * filch_family_refused_total{family="NAME"} counts them. A refused request is never an error: the
 * returned metric can always be used. */

typedef struct filch_family filch_family;

enum {
    FILCH_FAMILY_MOST = 65536,    /* the most label sets of a family, */
    FILCH_FAMILY_DEFAULT = 100,   /* by default */
    FILCH_FAMILY_VALUE_MOST = 128 /* bytes of a label's value */
};

/* Configuration. Texts are copied. Fields that are zero mean the default. */
typedef struct filch_family_config {
    const char *name;                      /* of all its metrics, as in filch_metric */
    const char *help;                      /* a sentence */
    const char *labels[FILCH_LABELS_MOST]; /* the labels' names, at least one */
    filch_metric_kind kind;
    double unit;                    /* as in filch_metric */
    double marks[FILCH_MARKS_MOST]; /* as in filch_metric */
    unsigned most;                  /* label sets: 1..FILCH_FAMILY_MOST */
    void *reserved[4];              /* NULL */
} filch_family_config;

typedef struct filch_family_stats {
    uint64_t refused; /* requests that got the overflow metric */
    unsigned sets;    /* label sets that have a metric of their own */
    unsigned most;    /* the cap */
} filch_family_stats;

FILCH_BEGIN_DECLS

/* Creates a family and adds its overflow metric and its count of refused requests to the
 * registry. Errors, after which nothing is created or added: -EINVAL (a field is out of range;
 * filch_error() says which); -ENOMEM. -EEXIST (the registry has a metric of this name with
 * labels "(other)", or a family of this name). */
FILCH_API int filch_family_create(filch_family **out, filch_metrics *metrics,
                                  const filch_family_config *config);
/* Removes all its metrics from the registry, waits until no reader uses them, and frees them and
 * the family. They must not be used afterwards. Not to be called from a read or write function of
 * the same registry. NULL is allowed. May suspend. */
FILCH_API void filch_family_destroy(filch_family *family);

/* Returns the metric of this label set, and creates it if it is new. values: one text for each
 * label, in the order of filch_family_config.labels, then NULL (FILCH_VALUES adds it). They are
 * copied. Never returns NULL. If the set is new and the cap is reached or memory is short, returns
 * the overflow metric and counts the request as refused. It does the same for a value that is
 * empty, not UTF-8, or longer than FILCH_FAMILY_VALUE_MOST bytes. Does not suspend. Ends the
 * process by filch_die if the number of values is wrong, or the family is not one of counters. */
FILCH_API filch_counter *filch_family_counter(filch_family *family, const char *const *values);
/* The same for a family of gauges. */
FILCH_API filch_gauge *filch_family_gauge(filch_family *family, const char *const *values);
/* The same for a family of summaries or histograms. */
FILCH_API filch_distribution *filch_family_distribution(filch_family *family,
                                                        const char *const *values);

/* Fills the first `size` bytes of *out; size is the caller's sizeof *out. */
FILCH_API void filch_family_stats_read(const filch_family *family, filch_family_stats *out,
                                       size_t size);

FILCH_END_DECLS

#ifndef __cplusplus
/* The values of a label set, for the calls above. C only: in C++ write an array. */
#define FILCH_VALUES(...) ((const char *const[]){__VA_ARGS__, NULL})
#endif

#include <filch/detail/show_words.h>
#endif
