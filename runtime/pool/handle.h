/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Waiting for a job's outcome. */
#ifndef FL_POOL_HANDLE_H
#define FL_POOL_HANDLE_H

#include <filch/pool.h>
#include <runtime/pool/pool.h>

/* filch_job_wait. call: the public call that waits, a literal, for reports. */
int fl_job_wait(const char *call, filch_job *job, int64_t until);

/* ---- Handles that nobody released ---- */

/* Handles that were not released, in a library that is built with FILCH_DEBUG: at the end of the
 * process one line names each pool that has some, with the place of the first submission. A handle
 * may outlive its pool, so the end of a pool is too early for that. */

#ifdef FILCH_DEBUG
/* The caller has a handle from now on. place: of the submission, or NULL. Without memory the handle
 * is not named. */
void fl_unreleased_add(const filch_job *job, const filch_place *place);
void fl_unreleased_remove(const filch_job *job);
#else
static inline void fl_unreleased_add(const filch_job *job, const filch_place *place)
{
    (void)job, (void)place;
}
static inline void fl_unreleased_remove(const filch_job *job)
{
    (void)job;
}
#endif

#endif
