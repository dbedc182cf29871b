/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Flags and counters by which tasks and threads of a test wait for each other: as long as it takes,
 * with the CPU left to others meanwhile. */
#ifndef SUPPORT_SIGNPOST_H
#define SUPPORT_SIGNPOST_H

#include <filch/atomic.h>
#include <tests/support/patience.h>

typedef filch_u32 signpost;

static inline void signpost_raise(signpost *post)
{
    filch_u32_add(post, 1, FILCH_ACQ_REL);
}

static inline uint32_t signpost_count(const signpost *post)
{
    return filch_u32_load(post, FILCH_ACQUIRE);
}

static inline void signpost_wait(const signpost *post, uint32_t count)
{
    WAIT_WHILE(signpost_count(post) < count);
}

#endif
