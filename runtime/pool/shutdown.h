/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Waiting until a pool is at rest. */
#ifndef FL_POOL_SHUTDOWN_H
#define FL_POOL_SHUTDOWN_H

#include <runtime/pool/pool.h>

/* filch_pool_wait, by a thread or task that is no job of the pool. call: the public call that waits,
 * a literal, for reports. */
int fl_pool_wait(const char *call, filch_pool *pool, int64_t until);

#endif
