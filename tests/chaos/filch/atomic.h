/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The atomics of Filch with chances to be late: each operation and each fence comes between two
 * calls of filch_chaos(). Found before include/ in a build with FILCH_CHAOS, by the library, by its
 * tests and by the tasks in them. It wraps the real header, whose operations stay what they are. */
#ifndef FILCH_CHAOS_ATOMIC_H
#define FILCH_CHAOS_ATOMIC_H

#include_next <filch/atomic.h>

FILCH_BEGIN_DECLS

/* Usually returns at once; now and then after a while (tests/chaos/chaos.c). Out of line: its
 * thread-local state must not be cached across a fiber switch. */
FILCH_API void filch_chaos(void);

FILCH_END_DECLS

#define FILCH_CHAOS_KIND(kind, type)                                                               \
    FILCH_INLINE type filch_chaos_##kind##_load(const filch_##kind *a, filch_order order)          \
    {                                                                                              \
        filch_chaos();                                                                             \
        type was = filch_##kind##_load(a, order);                                                  \
        filch_chaos();                                                                             \
        return was;                                                                                \
    }                                                                                              \
    FILCH_INLINE void filch_chaos_##kind##_store(filch_##kind *a, type v, filch_order order)       \
    {                                                                                              \
        filch_chaos();                                                                             \
        filch_##kind##_store(a, v, order);                                                         \
        filch_chaos();                                                                             \
    }                                                                                              \
    FILCH_CHAOS_CHANGE(kind, type, exchange)                                                       \
    FILCH_INLINE int filch_chaos_##kind##_cas(filch_##kind *a, type *expected, type v,             \
                                              filch_order order)                                   \
    {                                                                                              \
        filch_chaos();                                                                             \
        int done = filch_##kind##_cas(a, expected, v, order);                                      \
        filch_chaos();                                                                             \
        return done;                                                                               \
    }

#define FILCH_CHAOS_CHANGE(kind, type, operation)                                                  \
    FILCH_INLINE type filch_chaos_##kind##_##operation(filch_##kind *a, type v, filch_order order) \
    {                                                                                              \
        filch_chaos();                                                                             \
        type was = filch_##kind##_##operation(a, v, order);                                        \
        filch_chaos();                                                                             \
        return was;                                                                                \
    }

#define FILCH_CHAOS_NUMBER(kind, type)                                                             \
    FILCH_CHAOS_KIND(kind, type)                                                                   \
    FILCH_CHAOS_CHANGE(kind, type, add)                                                            \
    FILCH_CHAOS_CHANGE(kind, type, or)                                                             \
    FILCH_CHAOS_CHANGE(kind, type, and)

#define FILCH_CHAOS_FENCE(fence)                                                                   \
    FILCH_INLINE void filch_chaos_fence_##fence(void)                                              \
    {                                                                                              \
        filch_chaos();                                                                             \
        filch_fence_##fence();                                                                     \
        filch_chaos();                                                                             \
    }

FILCH_CHAOS_NUMBER(u32, uint32_t)
FILCH_CHAOS_NUMBER(u64, uint64_t)
FILCH_CHAOS_KIND(ptr, void *)
FILCH_CHAOS_FENCE(seq_cst)
FILCH_CHAOS_FENCE(light)

#undef FILCH_CHAOS_KIND
#undef FILCH_CHAOS_CHANGE
#undef FILCH_CHAOS_NUMBER
#undef FILCH_CHAOS_FENCE

#define filch_u32_load filch_chaos_u32_load
#define filch_u32_store filch_chaos_u32_store
#define filch_u32_exchange filch_chaos_u32_exchange
#define filch_u32_cas filch_chaos_u32_cas
#define filch_u32_add filch_chaos_u32_add
#define filch_u32_or filch_chaos_u32_or
#define filch_u32_and filch_chaos_u32_and
#define filch_u64_load filch_chaos_u64_load
#define filch_u64_store filch_chaos_u64_store
#define filch_u64_exchange filch_chaos_u64_exchange
#define filch_u64_cas filch_chaos_u64_cas
#define filch_u64_add filch_chaos_u64_add
#define filch_u64_or filch_chaos_u64_or
#define filch_u64_and filch_chaos_u64_and
#define filch_ptr_load filch_chaos_ptr_load
#define filch_ptr_store filch_chaos_ptr_store
#define filch_ptr_exchange filch_chaos_ptr_exchange
#define filch_ptr_cas filch_chaos_ptr_cas
#define filch_fence_seq_cst filch_chaos_fence_seq_cst
#define filch_fence_light filch_chaos_fence_light

#endif
