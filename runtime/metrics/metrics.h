/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The registry: a list of metrics, those of one name (a family) side by side, as the text format
 * requires.
 *
 * A writer stands on one metric after the other (pins), and looks at its source (readers) in
 * between; neither with the lock, since callbacks are called. Removal marks a metric as gone and
 * waits for its readers, but not for writers, which may be waiting for a socket. A gone metric with
 * pins is taken out of the list and freed by the last writer that leaves it. So it has a successor
 * as long as a writer needs that.
 *
 *   a metric that is   | next writer | may be removed | is freed
 *   shown              | visits it   | yes            | -
 *   gone, with readers | passes it   | by the waiting | -
 *   gone, with pins    | passes it   | it is          | by the last to leave it
 *   gone, with neither | -           | it is          | at once
 *
 * Metrics are numbered; a writer passes those that were added since it began. So a family that goes
 * and comes back meanwhile is not written twice.
 * metrics->lock protects everything here that ever changes. */
#ifndef FL_METRICS_H
#define FL_METRICS_H

#include <filch/stats.h>
#include <filch/wait.h>

#include <stdbool.h>

typedef struct fl_metric fl_metric;

/* How to read the statistics of an object. Each row of them is a metric; a writer reads them once, at
 * the first row that it visits, so the rows of one scrape agree. */
typedef struct fl_metric_stats {
    size_t size; /* bytes; uint64_t all */
    void (*read)(const void *of, void *stats, size_t size);
} fl_metric_stats;

struct fl_metric {
    /* Never changes */
    filch_metric what; /* name and help are copies, escaped; labels and marks: see below */
    const fl_metric_stats *stats; /* of what.arg; NULL: the source is that of filch_metric */
    size_t offset;                /* in stats */
    const char *labels;           /* sorted, escaped: a="x",b="y" */
    unsigned marks;               /* how many there are */
    uint64_t number, family;      /* the number of the first of its name */
    /* Under the lock */
    fl_metric *next;
    unsigned pins, readers;
    bool gone;
    char texts[];
};

struct filch_metrics {
    filch_u32 lock;
    uint32_t life;          /* runtime/platform/given.h */
    filch_waiters removers; /* removers that wait for readers */
    fl_metric *first;
    uint64_t number; /* of the newest */
};

/* The table of kinds. */
typedef struct fl_metric_row {
    const char *name; /* in the text format */
    unsigned sources; /* FL_SOURCE_... that it may have */
} fl_metric_row;

enum {
    FL_SOURCE_COUNTER = 1,
    FL_SOURCE_GAUGE = 2,
    FL_SOURCE_DISTRIBUTION = 4,
    FL_SOURCE_READ = 8,
    FL_SOURCE_STATS = 16
};

extern const fl_metric_row fl_metric_rows[FILCH_METRIC_KINDS];

/* Moves from one metric (NULL: before the first) to the next that is shown and not above `limit`.
 * The caller stands there, as a reader, and leaves the last one. NULL: there is none. */
fl_metric *fl_metrics_step(filch_metrics *metrics, fl_metric *from, uint64_t limit);
/* Stops being a reader. */
void fl_metrics_was_read(filch_metrics *metrics, fl_metric *metric);
/* Publishes a row of the statistics of metric->arg as filch_NOUN_ROW, with the other members of
 * metric; a time in nanoseconds as seconds. Errors as filch_metrics_add. */
int fl_metrics_add_row(filch_metrics *metrics, const filch_metric *metric,
                       const fl_metric_stats *stats, const char *noun,
                       const filch_runtime_stat *row);
/* Removes the owner's metrics above `number`. Returns their number. Waits for readers. */
int fl_metrics_remove_above(filch_metrics *metrics, const void *owner, uint64_t number);
uint64_t fl_metrics_newest(filch_metrics *metrics);

#endif
