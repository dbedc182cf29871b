/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Runs of handlers: one after another, by a job of the pool. */
#ifndef FL_SERVICE_RUN_JOB_H
#define FL_SERVICE_RUN_JOB_H

#include <filch/log.h>
#include <filch/pool.h>
#include <filch/service.h>
#include <runtime/service/service.h>

/* A runner (runtime/service/ready.h): the function of the pool's jobs; data is the filch_service. */
int fl_service_perform(filch_self self, filch_job *pooled, void *data);

/* ---- Types of jobs ---- */

/* The table of handlers, with the defaults of the service filled in. */

/* 0, or a negative errno; fl_service_types_end undoes also a part of it. */
int fl_service_types_init(filch_service *service, const filch_handler *handlers, size_t count);
void fl_service_types_end(filch_service *service);
/* NULL: there is no handler of this type. */
fl_service_type *fl_service_type_of(const filch_service *service, const char *type);

/* ---- Reports ---- */

/* Reports about jobs: log lines, and spans of runs. Called by runners, but for dead letters. */

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
