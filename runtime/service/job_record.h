/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Records of jobs, as brokers make them. Pure functions; any thread. */
#ifndef FL_JOB_RECORD_H
#define FL_JOB_RECORD_H

#include <filch/service.h>

/* A copy in one block, for filch_service_record_destroy. NULL: no memory. */
filch_service_record *fl_job_record_copy(const filch_service_record *record);

#endif
