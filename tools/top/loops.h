/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The parallel loops of a view: how long their calls take, and would take on one worker. */
#ifndef TOP_LOOPS_H
#define TOP_LOOPS_H

#include "view.h"

/* Between the two readings. All 0: no call has ended. */
typedef struct loop_rates {
    double calls, helped; /* a second */
    double time, serial;  /* ns a second */
} loop_rates;

loop_rates loop_rates_of(const view *v, uint32_t row);
/* Writes those that were ever called, the longest sum of times first; nothing if there are none. */
void loops_write(const view *v, FILE *out);

#endif
