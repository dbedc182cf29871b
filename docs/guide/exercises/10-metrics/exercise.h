/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Exercise 10: a pool that shows what it does. */
#ifndef EXERCISE_H
#define EXERCISE_H

#include <stddef.h>

/* Given. */
int pack(int order); /* returns how many items it has packed, or a negative errno */
int publish(const char *text, size_t size, void *unused); /* a filch_write_fn: for operators */

/* Yours: packs the orders 0 .. orders - 1 by jobs of a pool named "packing", two wide. When all
 * have been done, publishes the numbers (filch_metrics_write): all that the pool knows of itself,
 * also how long jobs waited and took. Adds a counter of your own, shop_items_total, of all items
 * that were packed. Returns 0, or a negative errno. */
int pack_all(int orders);

#endif
