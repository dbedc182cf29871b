/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Records: the counts and durations of a type's runs, for /metrics and the page. The owner counts,
 * once for each run, so handlers do not pay for it; any thread may read. */
#ifndef FL_SERVICE_RECORD_H
#define FL_SERVICE_RECORD_H

#include <filch/metrics.h>
#include <filch/service.h>

typedef enum fl_record_status {
    FL_RECORD_SUCCESS,
    FL_RECORD_FAILURE,   /* of a run: it is repeated, or has become a dead letter */
    FL_RECORD_ERROR,     /* a dead letter that has not run: malformed, unknown, expired, poison */
    FL_RECORD_CANCELLED, /* by request, in its run or before */
    FL_RECORD_STATUSES
} fl_record_status;

typedef struct fl_record {
    filch_counter *counts[FL_RECORD_STATUSES];
    filch_distribution *durations; /* ns of runs */
} fl_record;

/* The names as the values of the label `status`. */
extern const char *const fl_record_names[FL_RECORD_STATUSES];

/* 0, or -ENOMEM; fl_record_end undoes also a part of it. */
int fl_record_init(fl_record *record);
void fl_record_end(fl_record *record);
/* A run is over. Runs that do not count (the breaker refused, or the service ended them) are left
 * out. Owner only. */
void fl_record_run(const filch_service_job *job);
/* A message is cancelled before it has begun. Owner only. */
void fl_record_cancel(const filch_service_job *job);
/* A message is buried without having run. Owner only. */
void fl_record_refusal(const filch_service_job *job);

#endif
