/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The run of a handler, as a job of the pool. */
#ifndef FL_SERVICE_PERFORM_H
#define FL_SERVICE_PERFORM_H

#include <filch/pool.h>

/* The function of the pool's jobs; data is a filch_service_job. */
int fl_service_perform(filch_self self, filch_job *pooled, void *data);

#endif
