/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The queue of a pool, in its order. Every job that waits stands in the row by age; those of a pool
 * with priorities in the row of their level as well, those of one that takes the earliest deadline
 * first in a heap, or, without a deadline, in row 0. Under the pool's lock. */
#ifndef FL_ORDER_H
#define FL_ORDER_H

#include <runtime/pool/pool.h>

/* Without memory for a place by its deadline it stands with those that have none. */
void fl_order_add(filch_pool *pool, filch_job *job);
void fl_order_remove(filch_pool *pool, filch_job *job);
/* The next; NULL: nothing waits. Looks at all levels of a pool with priorities, and at the clock. */
filch_job *fl_order_first(const filch_pool *pool);
/* The same, out of the queue. */
filch_job *fl_order_take(filch_pool *pool);
/* In a pool with priorities: to another level's row. */
void fl_order_move(filch_pool *pool, filch_job *job, unsigned priority);

/* The row of those in progress, whose place by age is free. */
void fl_row_enter(fl_row *row, filch_job *job);
void fl_row_leave(fl_row *row, filch_job *job);

#endif
