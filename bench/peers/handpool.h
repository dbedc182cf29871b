/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The central pool that a good programmer writes by hand on a good day: threads, one bounded ring
 * of tasks, one mutex, condition variables for those who wait. It shares no code with the library
 * and stands beside it as a column, so that "the central queue" in the tables is no straw man.
 *
 * A task lies in a filch_slot (its memory layout is all that is used), in an array that belongs to
 * the thread that forks it, so that a fork allocates nothing. Joins come in the reverse order of
 * forks, in the task that forked. */
#ifndef HANDPOOL_H
#define HANDPOOL_H

#include <filch/fork.h>

typedef struct handpool handpool;

typedef struct handpool_counts {
    uint64_t forks;
    uint64_t takes; /* tasks taken from the ring, by other threads than their forker or to help */
} handpool_counts;

/* Starts `workers` threads. 0 or -errno. */
int handpool_create(handpool **out, unsigned workers);

/* Stops the threads and frees the pool; every run has returned. */
void handpool_destroy(handpool *pool);

/* Runs one task on the pool and waits for it. Any thread but the pool's. */
void handpool_run(handpool *pool, const filch_task *task, filch_slot *slot);

/* Inside a task: queues the task whose arguments lie in self->args, and returns the next free slot.
 */
filch_self handpool_fork(filch_self self, const filch_task *task);

/* Inside a task: 1: the task in slot was not started, the caller runs it; 0: it is done, its result
 * lies in slot. */
int handpool_join(filch_slot *slot);

/* Sums since the pool was created. Between runs only. */
handpool_counts handpool_counts_of(const handpool *pool);

#endif
