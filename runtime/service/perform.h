/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Runs of handlers: one after another, by a job of the pool. */
#ifndef FL_SERVICE_PERFORM_H
#define FL_SERVICE_PERFORM_H

#include <filch/pool.h>

/* A runner (runtime/service/ready.h): the function of the pool's jobs; data is the filch_service. */
int fl_service_perform(filch_self self, filch_job *pooled, void *data);

#endif
