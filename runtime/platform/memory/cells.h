/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Caches of equal pieces of memory that one thread takes and another gives back: work items go from
 * their submitter to the worker that runs them. Each thread has a list of its own, refilled from
 * and returned to a bounded store of the process, in batches. The first word of a cell that was
 * given back is the cache's. Any thread. */
#ifndef FL_CELLS_H
#define FL_CELLS_H

#include <stdint.h>

/* Which cache. Lines begin where a cache line does. */
enum fl_cells { FL_CELLS_LINES, FL_CELLS_POOL_JOBS, FL_CELLS_FULL_JOBS, FL_CELLS_KINDS };

/* Bytes of each. */
enum { FL_CELL_LINE = 64, FL_CELL_POOL_JOB = 104, FL_CELL_FULL_JOB = 184 };

/* Frees cells in the store that were not taken for a second, some at a time. Returns when to call
 * it again (monotonic clock, ns); 0: nothing is left to free. */
int64_t fl_cells_decay(int64_t now);

/* NULL: no memory. */
void *fl_cell_take(enum fl_cells from);
void fl_cell_give(enum fl_cells to, void *cell);

/* Around fork(): no other thread is inside the store. */
void fl_cells_lock(void);
void fl_cells_unlock(void);

#endif
