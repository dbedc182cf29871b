/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Joins that suspend: each task waits a while until its child has been stolen, so that its join has
 * to wait for another worker. If nobody can steal, it continues all the same. */
#ifndef SUPPORT_CHAIN_H
#define SUPPORT_CHAIN_H

#include <filch/task.h>

#include <sched.h>
#include <string.h>
#include <tests/support/signpost.h>

enum { CHAIN_MOST = 200 };
static signpost chain_links[CHAIN_MOST + 1];

/* Before each chain. */
static inline void chain_lay(void)
{
    memset(chain_links, 0, sizeof chain_links);
}

/* Returns 1 + 2 + .. + depth; patience: looks at the child before it is joined anyway. */
FILCH_TASK(long, chain, (int, depth), (int, patience))
{
    signpost_raise(&chain_links[depth]);
    if (depth == 0)
        return 0;
    FILCH_FORK(chain, depth - 1, patience);
    for (int i = 0; i < patience && !signpost_count(&chain_links[depth - 1]); i++)
        sched_yield();
    FILCH_JOIN(long rest, chain);
    return rest + depth;
}

#endif
