/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The registry: a list of metrics, those of one name (a family) side by side, as the text format
 * wants them.
 *
 * Whoever writes stands on one metric after the other (pins), and looks at its source (readers) in
 * between; neither with the lock, since callbacks are called. Who removes a metric marks it as
 * gone, waits for its readers, but for no writer, who may be waiting for a socket: a metric on
 * which somebody stands is taken out of the list and freed by the last who leaves it. So it has a
 * successor as long as anybody needs that.
 *
 *   a metric that is   | next writer | may be removed | is freed
 *   shown              | visits it   | yes            | -
 *   gone, with readers | passes it   | by the waiting | -
 *   gone, with pins    | passes it   | it is          | by the last who leaves it
 *   gone, with neither | -           | it is          | at once
 *
 * Metrics are numbered; a writer passes those that were added since it began. So a family that goes
 * and comes back meanwhile is not written twice.
 * Everything here is under metrics->lock but for what never changes. */
#ifndef FL_METRICS_H
#define FL_METRICS_H

#include <filch/metrics.h>
#include <filch/wait.h>

#include <stdbool.h>

typedef struct fl_metric fl_metric;

struct fl_metric {
    /* Never changes */
    filch_metric what;       /* name and help are copies, escaped; labels and marks: see below */
    const char *labels;      /* sorted, escaped: a="x",b="y" */
    unsigned marks;          /* how many there are */
    uint64_t number, family; /* the number of the first of its name */
    /* Under the lock */
    fl_metric *next;
    unsigned pins, readers;
    bool gone;
    char texts[];
};

struct filch_metrics {
    filch_u32 lock;
    filch_waiters removers; /* who wait for readers of what they remove */
    fl_metric *first;
    uint64_t number; /* of the newest */
};

/* What each kind is. */
typedef struct fl_metric_row {
    const char *name; /* in the text format */
    unsigned sources; /* FL_SOURCE_... that it may have */
} fl_metric_row;

enum { FL_SOURCE_COUNTER = 1, FL_SOURCE_GAUGE = 2, FL_SOURCE_DISTRIBUTION = 4, FL_SOURCE_READ = 8 };

extern const fl_metric_row fl_metric_rows[FILCH_METRIC_KINDS];

/* ---- One metric (metric.c, metric_check.c) ---- */

/* 0, or -EINVAL with a sentence. */
int fl_metric_check(const filch_metric *what);
/* Of what was checked; not yet in a list. -ENOMEM. By free(). */
int fl_metric_create(fl_metric **out, const filch_metric *what);

/* ---- The list (metrics.c) ---- */

/* From one metric (NULL: before the first) to the next that is shown and not above `limit`; the
 * caller stands there, as a reader, and no more on the last one. NULL: there is none. */
fl_metric *fl_metrics_step(filch_metrics *metrics, fl_metric *from, uint64_t limit);
/* Is no reader any more. */
void fl_metrics_was_read(filch_metrics *metrics, fl_metric *metric);
/* Of what belongs to the owner and is above `number`. Returns how many they were. Waits for
 * readers. */
int fl_metrics_remove_above(filch_metrics *metrics, const void *owner, uint64_t number);
uint64_t fl_metrics_newest(filch_metrics *metrics);

#endif
