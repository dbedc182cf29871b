/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * In place of runtime/pool/pool.h: no model destroys what a pool uses. */
#ifndef FL_POOL_USES_H
#define FL_POOL_USES_H

#include <filch/pool.h>

enum { FL_POOL_USES = 1 };

static inline void fl_uses_begin(filch_pool *pool)
{
    (void)pool;
}

static inline void fl_uses_end(filch_pool *pool)
{
    (void)pool;
}

#endif
