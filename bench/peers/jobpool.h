/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The pool of jobs that a good programmer writes by hand on a good day: threads, one bounded ring
 * for each level of priority, one mutex, condition variables for waiters. The oldest job of the
 * highest level goes first. It shares no code with the library and stands beside its pools as a
 * column. */
#ifndef PEERS_JOBPOOL_H
#define PEERS_JOBPOOL_H

#include <stddef.h>
#include <stdint.h>

typedef struct jobpool jobpool;
typedef void jobpool_fn(void *data);
enum { JOBPOOL_LEVELS = 8 };

/* Starts `workers` threads, worker i pinned to cpus[i % 2] (NULL: none is pinned); `room` jobs may
 * wait. 0 or -errno. */
int jobpool_create(jobpool **out, unsigned workers, size_t room, const int *cpus);

/* Stops the threads and frees it; it is at rest. */
void jobpool_destroy(jobpool *pool);

/* Any thread; waits for room. At level 0. */
void jobpool_submit(jobpool *pool, jobpool_fn *fn, void *data);

/* The same at a level of 0 .. JOBPOOL_LEVELS - 1. */
void jobpool_submit_at(jobpool *pool, unsigned level, jobpool_fn *fn, void *data);

/* Waits until no job waits and none is in progress. Returns how many have been done since it was
 * created. */
uint64_t jobpool_wait(jobpool *pool);

#endif
