/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The deadlines that a pool watches. */
#ifndef SUPPORT_DEADLINES_H
#define SUPPORT_DEADLINES_H

#include <runtime/platform/lock.h>
#include <runtime/pool/pool.h>

static inline size_t deadlines_of(filch_pool *pool)
{
    fl_lock(&pool->room.lock);
    size_t count = fl_timer_row_count(&pool->dues);
    fl_unlock(&pool->room.lock);
    return count;
}

#endif
