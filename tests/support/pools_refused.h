/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Pools to which memory or threads are refused. */
#ifndef SUPPORT_POOLS_REFUSED_H
#define SUPPORT_POOLS_REFUSED_H

#include <tests/support/held.h>
#include <tests/support/pools.h>

/* At each place in turn: an error says so, and nothing is held. */
static inline void creation_refused(filch_pool_config config)
{
    static const enum refusable what[] = {MEMORY, THREADS};
    if (!config.capacity)
        config.capacity = FILCH_UNLIMITED;
    for (unsigned i = 0; i < 2; i++)
        for (int64_t at = 0, count = 1; count; at++) {
            filch_pool *pool = NULL;
            refuse(what[i], at, false);
            int rc = filch_pool_create(&pool, &config);
            count = refuse_no_more(what[i]);
            cr_assert(!count || rc == -ENOMEM || rc == -EAGAIN || rc == 0, "%d", rc);
            cr_assert(!rc || (!pool && strchr(filch_error(), ';')), "%s", filch_error());
            if (!rc)
                OK(filch_pool_destroy(pool));
            cr_assert_leq(blocks, blocks_before + 64, "at %ld", (long)at);
        }
}

#endif
