/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Jobs of a pool with the setting `blocking`: their functions run on threads for blocking calls, on
 * the thread's stack, while the job's task waits. */
#ifndef FL_POOL_RUN_BLOCKING_H
#define FL_POOL_RUN_BLOCKING_H

#include <filch/pool.h>

/* Runs the function of a job in progress. Called by the job's task, which suspends. Returns the
 * function's code, with the text of its error; or -EAGAIN or -ENOMEM: no thread could be started. */
int fl_job_call_blocking(filch_job *job);

#endif
