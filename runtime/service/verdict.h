/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The decision about a run: done, again, or a dead letter. */
#ifndef FL_SERVICE_VERDICT_H
#define FL_SERVICE_VERDICT_H

#include <filch/service.h>

/* Decides by the job's answer and code, and writes job->verdict. The runner, after the function. */
void fl_service_decide(filch_service_job *job);
/* The verdict of a job that did not begin. */
void fl_service_bury(filch_service_job *job, const char *reason);

#endif
