/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The owner's loop. Each turn takes the jobs whose functions have returned, answers, receives and
 * submits; then the owner sleeps until the broker, a runner, or a time needs it. */
#ifndef FL_SERVICE_LOOP_H
#define FL_SERVICE_LOOP_H

#include <filch/service.h>

#include <stdbool.h>

/* Until the drain is over. 0, or the error of filch_service_run. */
int fl_service_loop(filch_service *service);
/* Until nothing can be done now. 0, or the error of filch_service_run_ready. */
int fl_service_loop_ready(filch_service *service);
/* Frees the jobs of a service whose pool is gone. */
void fl_service_discard(filch_service *service);

#endif
