/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Waiting until a pool is at rest. */
#ifndef FL_POOL_SHUTDOWN_H
#define FL_POOL_SHUTDOWN_H

#include <filch/pool.h>
#include <runtime/sync/wait.h>

/* The counts that keep a pool from rest, besides its jobs and runners, and waiting callers. Read
 * by each thread that leaves the lock; fl_pool_at_rest has the rule. */
typedef struct fl_pool_rest {
    uint64_t pending_callbacks;
    filch_waiters waiters; /* callers that wait for rest */
    uint64_t handed;       /* handles, and deliveries to results lists, of all jobs so far */
    uint64_t settled;      /* plain jobs of a direct pool */
    filch_waiters closers; /* submitters that wait for a results list, */
    unsigned barred;       /* so many */
} fl_pool_rest;

/* filch_pool_wait, by a thread or task that is no job of the pool. call: the public call that waits,
 * a literal, for reports. */
int fl_pool_wait(const char *call, filch_pool *pool, int64_t until);

#endif
