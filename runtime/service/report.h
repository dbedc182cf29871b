/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Reports about jobs: log lines, and spans of runs. Called by runners, but for dead letters. */
#ifndef FL_SERVICE_REPORT_H
#define FL_SERVICE_REPORT_H

#include <filch/log.h>
#include <filch/service.h>

/* A handler is about to be called: begins its span. May panic where the log's function does, like
 * the next one. */
void fl_service_report_begin(filch_service_job *job);
/* It has returned, and the verdict and the duration are known: ends the span. */
void fl_service_report_end(filch_service_job *job);
/* A job, which need not have run, has become a dead letter. The owner. */
void fl_service_report_dead(const filch_service_job *job, filch_log_level level);
/* The span of the run, or an identity that the first request makes. Any thread. */
filch_traceparent fl_service_report_trace(filch_service_job *job);

#endif
