/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Mentions of volatile and __atomic_load_n in a comment are harmless. */
#include <filch/atomic.h>

static filch_u32 capped;

static unsigned hint(void)
{
    puts("nor in a string: volatile int, __sync_synchronize(), uatomic_read(x)");
    return filch_u32_load(&capped, FILCH_RELAXED); /* a hint */
}
