/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Metric families: metrics of one name whose label values are known only at run time, such as the
 * status of a response. For service authors.
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
 * share one overflow metric, whose values are all "(other)";
 * filch_family_refused_total{family="NAME"} counts them. A refused request is never an error: the
 * returned metric can always be used.
 * Life: the caller destroys the family, before its registry. Its metrics are valid until then.
 * Threads: tasks and any thread, but not signal handlers. Suspends: destroying only.
 * Errors: 0 or a negative errno.
 * Since 0.1.0. */
#ifndef FILCH_FAMILY_H
#define FILCH_FAMILY_H
#include <filch/detail/hide_words.h>

#include <filch/metrics.h>

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
    double marks[FILCH_MARKS_MOST]; /* the same */
    unsigned most;                  /* label sets: 1..FILCH_FAMILY_MOST */
    void *reserved[4];              /* NULL */
} filch_family_config;

typedef struct filch_family_stats {
    uint64_t refused; /* requests that got the overflow metric */
    unsigned sets;    /* label sets that have a metric of their own */
    unsigned most;    /* the cap */
} filch_family_stats;

FILCH_BEGIN_DECLS

/* ---- Life ---- */

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

/* ---- Operations ---- */

/* Returns the metric of this label set, and creates it if it is new. values: one text for each
 * label, in the order of filch_family_config.labels, then NULL (FILCH_VALUES adds it). They are
 * copied. Never returns NULL. If the set is new and the cap is reached or memory is short, returns
 * the overflow metric and counts the request as refused. So it does for a value that is empty, not
 * UTF-8, or longer than FILCH_FAMILY_VALUE_MOST bytes. Ends the process by filch_die if the number
 * of values is wrong, or the family is not one of counters. */
FILCH_API filch_counter *filch_family_counter(filch_family *family, const char *const *values);
/* The same for a family of gauges. */
FILCH_API filch_gauge *filch_family_gauge(filch_family *family, const char *const *values);
/* The same for a family of summaries or histograms. */
FILCH_API filch_distribution *filch_family_distribution(filch_family *family,
                                                        const char *const *values);

/* ---- Queries ---- */

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
