/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Exercise 4: a dynamic pool: as wide as there is work. */
#ifndef EXERCISE_H
#define EXERCISE_H

#include <filch/filch.h>
#include <filch/pools.h>

/* Yours: until `stop` is done, looks at the pool every millisecond. Makes it as wide as the
 * queue is long: one for each ten jobs that wait, the last of them perhaps fewer than ten. The width is
 * never less than 1, nor more than 8. Returns 0, or a negative errno. */
int monitor(filch_pool *pool, filch_context *stop);

#endif
