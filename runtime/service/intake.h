/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * From the broker to the pool: receives as many messages as there is room for, checks them, and
 * submits those for whose type there is a place. All by the owner. */
#ifndef FL_SERVICE_INTAKE_H
#define FL_SERVICE_INTAKE_H

#include <filch/service.h>

/* Before a settlement: tells the broker of the receive that will follow it. */
void fl_service_foresee(filch_service *service);
/* Receives while there is room and the broker may have something. */
void fl_service_receive(filch_service *service);
/* Submits waiting jobs to the pool. */
void fl_service_dispatch(filch_service *service);
/* The time of filch_now at which the rate of some type allows the next; FILCH_FOREVER: none waits
 * for that. */
int64_t fl_service_rate_due(const filch_service *service);

#endif
