/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Handles that were not released, in a library that is built with FILCH_DEBUG: at the end of the
 * process one line names each pool that has some, with the place of the first submission. A handle
 * may outlive its pool, so the end of a pool is too early for that. */
#ifndef FL_UNRELEASED_H
#define FL_UNRELEASED_H

#include <filch/pool.h>

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
