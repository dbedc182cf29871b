/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The pulse of a service: a function that the owner's thread calls after its first turn, and then
 * once in a period for as long as it turns. So a caller learns that the service works, and a watchdog
 * that it does not. */
#ifndef FL_SERVICE_PULSE_H
#define FL_SERVICE_PULSE_H

#include <filch/service.h>

#include <stdint.h>

typedef void fl_pulse_fn(void *arg);

typedef struct fl_pulse {
    fl_pulse_fn *fn; /* NULL: none */
    void *arg;
    int64_t every; /* ns */
    int64_t due;   /* of filch_now */
} fl_pulse;

/* Before the service runs. fn must not wait: the owner does nothing else meanwhile. */
void fl_service_pulse_set(filch_service *service, fl_pulse_fn *fn, void *arg, int64_t every);
/* The owner, after a turn. */
void fl_service_pulse(filch_service *service);
/* The time of filch_now at which the owner has to turn for it. */
int64_t fl_service_pulse_due(const filch_service *service);

#endif
