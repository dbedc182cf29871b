/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Pools with a queue, for models of them. Played: the parts that jobs without options do not use
 * (a gate, alarms, keys, elasticity), and calls from within a job, of which there are none. */
#ifndef MC_POOLS_H
#define MC_POOLS_H

#include <runtime/pool/pool.h>

/* Setup: a pool in the order of age, as after its creation, and its context. */
void pools_setup(filch_pool *pool, filch_context *context, unsigned width, size_t capacity);

/* Rings the alarm for deadlines. Some job must have had one. */
void pools_ring(filch_pool *pool);

#endif
