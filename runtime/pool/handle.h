/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Waiting for a job's outcome. */
#ifndef FL_POOL_HANDLE_H
#define FL_POOL_HANDLE_H

#include <runtime/pool/pool.h>

/* filch_job_wait. call: the public call that waits, a literal, for reports. */
int fl_job_wait(const char *call, filch_job *job, int64_t until);

#endif
