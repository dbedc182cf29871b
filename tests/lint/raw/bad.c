/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <stdatomic.h>
#include <urcu/uatomic.h>

static volatile int ready;
static _Atomic int count;

static int wrong(filch_u32 *word)
{
    __atomic_store_n(&ready, 1, __ATOMIC_RELEASE);
    __sync_fetch_and_add(&ready, 1);
    atomic_fetch_add(&count, 1);
    if (uatomic_read(&ready) || CMM_LOAD_SHARED(ready))
        cmm_smp_mb();
    uint32_t (*load)(const filch_u32 *, filch_order) = filch_u32_load;
    return load(word, FILCH_RELAXED) + word->filch_value;
}
