/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The queue of a pool, in its order. Every waiting job stands in the row by age. In a pool with
 * priorities it also stands in the row of its level. In a pool that takes the earliest deadline
 * first it also stands among the deadlines or, without a deadline, in row 0. Under the pool's
 * lock. */
#ifndef FL_ORDER_H
#define FL_ORDER_H

#include <runtime/pool/parts.h>
#include <runtime/pool/pool.h>

/* Without memory for a place by its deadline it stands with those that have none. */
void fl_order_add(filch_pool *pool, filch_job *job);
void fl_order_remove(filch_pool *pool, filch_job *job);
/* The next job; NULL: none waits. Looks at all levels of a pool with priorities, and at the
 * clock. */
filch_job *fl_order_first(filch_pool *pool);
/* Of the waiting jobs, of which there are more than nth; 0: the oldest. */
filch_job *fl_order_nth_oldest(const filch_pool *pool, uint64_t nth);
/* The answer does not depend on the jobs in the intake. */
bool fl_order_knows_first(const filch_pool *pool);
/* The same, and takes it out of the queue. */
filch_job *fl_order_take(filch_pool *pool);
/* In a pool with priorities: moves it to another level's row. */
void fl_order_move(filch_pool *pool, filch_job *job, unsigned priority);

/* The row of jobs in progress, whose place by age is free. */
void fl_row_enter(fl_row *row, filch_job *job);
void fl_row_leave(fl_row *row, filch_job *job);

#endif
