/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Statistics, metrics, logs, spans and traces of a running program. For service authors and
 * researchers.
 *
 *   filch_runtime_stats_read(rt, FILCH_ALL_WORKERS, &stats, sizeof stats);   workers in numbers
 *   filch_runtime_waits(rt, show, stderr);                                   each waiting task
 *   filch_on_deadlock(report, NULL);
 *   filch_metrics_create(&metrics);
 *   filch_metrics_add_runtime(metrics, rt, "main");
 *   filch_metrics_write(metrics, write, file);                               as Prometheus text
 *   FILCH_LOG(&log, FILCH_LOG_INFO, "started", filch_log_int("port", 80));
 *   filch_span_begin(&span, &tracer, "request", NULL);  filch_span_end(span);
 *   filch_trace_start(rt, "run.trace", NULL);                                for `filch trace`
 *
 * Since 0.1.0. */
#ifndef FILCH_OBSERVE_H
#define FILCH_OBSERVE_H
#include <filch/detail/hide_words.h>

#include <filch/log.h>         /* structured log lines, also through a queue */
#include <filch/metrics.h>     /* counters, gauges, distributions, and their Prometheus text */
#include <filch/span.h>        /* spans: times, attributes, events, status */
#include <filch/stats.h>       /* statistics of workers; waiting tasks; deadlocks */
#include <filch/trace.h>       /* recordings of a runtime, for `filch trace` */
#include <filch/traceparent.h> /* W3C trace context */

#include <filch/detail/show_words.h>
#endif
