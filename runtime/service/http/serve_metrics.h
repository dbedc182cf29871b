/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The metrics of a service, in a registry. */
#ifndef FL_SERVE_METRICS_H
#define FL_SERVE_METRICS_H

#include <filch/metrics.h>
#include <filch/service.h>
#include <runtime/service/http/serve_watch.h>

/* One queue's source, for the read functions. */
typedef struct fl_queue_source {
    fl_serve_watch *watch;
    unsigned queue;
} fl_queue_source;

typedef struct fl_serve_metrics {
    filch_metrics *registry;
    bool is_own;
    filch_service *service;
    fl_queue_source queues[FILCH_SERVICE_QUEUES];
} fl_serve_metrics;

/* Adds them to `shared`, or to a registry of its own with the metrics of the process. 0, -EEXIST,
 * -ENOMEM; then nothing is left to end. */
int fl_serve_metrics_start(fl_serve_metrics *metrics, filch_service *service, fl_serve_watch *watch,
                           filch_metrics *shared);
void fl_serve_metrics_stop(fl_serve_metrics *metrics);
/* The text; free it. NULL: no memory. */
char *fl_serve_metrics_text(fl_serve_metrics *metrics, size_t *size);

#endif
