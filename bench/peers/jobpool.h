/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The pool of jobs that a good programmer writes by hand on a good day: threads, one bounded ring,
 * the oldest job first, one mutex, condition variables for those who wait. It shares no code with the
 * library and stands beside its pools as a column. */
#ifndef PEERS_JOBPOOL_H
#define PEERS_JOBPOOL_H

#include <stddef.h>
#include <stdint.h>

typedef struct jobpool jobpool;
typedef void jobpool_fn(void *data);

/* Starts `workers` threads, worker i pinned to cpus[i % 2] (NULL: none is pinned); `room` jobs may
 * wait. 0 or -errno. */
int jobpool_create(jobpool **out, unsigned workers, size_t room, const int *cpus);

/* Stops the threads and frees it; it is at rest. */
void jobpool_destroy(jobpool *pool);

/* Any thread; waits for room. */
void jobpool_submit(jobpool *pool, jobpool_fn *fn, void *data);

/* Waits until no job waits and none is in progress. Returns how many have been done since it was
 * created. */
uint64_t jobpool_wait(jobpool *pool);

#endif
