/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The bare futex hand-off: a thread that sleeps on a word until it is posted, notes the time and
 * answers on another word. The floor of everything that wakes a worker. One poster at a time. */
#ifndef MICRO_HANDOFF_H
#define MICRO_HANDOFF_H

#include <filch/base.h>

typedef struct handoff handoff;

/* Starts the partner, pinned to that CPU. 0 or -errno. */
int handoff_create(handoff **out, int cpu);

/* Stops and frees it; nothing is posted. */
void handoff_destroy(handoff *h);

/* Wakes the partner; handoff_wait follows before the next. */
void handoff_post(handoff *h);

/* Blocks on a futex until the partner has answered. */
void handoff_wait(handoff *h);

/* When the partner started after the last post: seconds on CLOCK_MONOTONIC. Call after
 * handoff_wait. */
double handoff_started(const handoff *h);

#endif
