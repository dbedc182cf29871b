/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Jobs of a pool whose configuration says `blocking`: their functions run on threads for blocking
 * calls, with the stack of the thread, while the job's task waits. */
#ifndef FL_POOL_RUN_BLOCKING_H
#define FL_POOL_RUN_BLOCKING_H

#include <filch/pool.h>

/* Calls the function of a job in progress, by the job's task, which suspends. Returns its code, and
 * the text of its error is the calling thread's; or -EAGAIN or -ENOMEM: there is no thread for it. */
int fl_job_call_blocking(filch_job *job);

#endif
