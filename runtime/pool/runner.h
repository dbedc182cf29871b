/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Runners, the tasks that take jobs from the queue. Under the pool's lock. */
#ifndef FL_POOL_RUNNER_H
#define FL_POOL_RUNNER_H

#include <runtime/pool/pool.h>

/* Jobs wait: starts one more runner, if the pool may be wider and no runner is on its way. A runner
 * that finds more jobs than the one it takes starts the next. */
void fl_pool_rouse(filch_pool *pool, fl_after *after);
/* The width from now on; its runners have been made. */
void fl_pool_set_width(filch_pool *pool, unsigned width, fl_after *after);
/* Raises the number of runners to so many. -ENOMEM through fl_fail: there are fewer. */
int fl_runners_make(filch_pool *pool, unsigned count);

#endif
