/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The atomics of Filch: struct types, so that raw access does not compile, and named operations on
 * the compilers' builtins, so that the same text is C11 and C++17. Every shared word in `sched/`,
 * `runtime/` and the inline fork and join goes through this header; to check the protocols, a build
 * puts a shim with the same names in its place.
 *
 * For filch_<kind>, kind one of u32, u64, ptr:
 *   load(a, order)  store(a, v, order)  exchange(a, v, order) -> old
 *   cas(a, &expected, v, order) -> done; order for success, relaxed on failure, and then
 *                                  *expected is what was there
 *   add(a, v, order) -> old        or(a, v, order) -> old        and(a, v, order) -> old
 *                                  (u32 and u64)
 *
 * Stand-alone fences exist for store -> load only: filch_fence_seq_cst, and the asymmetric pair of
 * which the light half, filch_fence_light, costs its owner nothing but a compiler barrier (the
 * heavy half is `membarrier`, which lives in the runtime). Thread sanitizer does not model fences;
 * there the fence is a seq_cst operation on a dummy. */
#ifndef FILCH_ATOMIC_H
#define FILCH_ATOMIC_H

#include <filch/base.h>

typedef enum {
    FILCH_RELAXED = __ATOMIC_RELAXED,
    FILCH_ACQUIRE = __ATOMIC_ACQUIRE,
    FILCH_RELEASE = __ATOMIC_RELEASE,
    FILCH_ACQ_REL = __ATOMIC_ACQ_REL,
    FILCH_SEQ_CST = __ATOMIC_SEQ_CST
} filch_order;

#define FILCH_ATOMIC_KIND(kind, type)                                                              \
    typedef struct {                                                                               \
        type filch_value;                                                                          \
    } filch_##kind;                                                                                \
    FILCH_INLINE type filch_##kind##_load(const filch_##kind *a, filch_order order)                \
    {                                                                                              \
        return __atomic_load_n(&a->filch_value, (int)order);                                       \
    }                                                                                              \
    FILCH_INLINE void filch_##kind##_store(filch_##kind *a, type v, filch_order order)             \
    {                                                                                              \
        __atomic_store_n(&a->filch_value, v, (int)order);                                          \
    }                                                                                              \
    FILCH_INLINE type filch_##kind##_exchange(filch_##kind *a, type v, filch_order order)          \
    {                                                                                              \
        return __atomic_exchange_n(&a->filch_value, v, (int)order);                                \
    }                                                                                              \
    FILCH_INLINE int filch_##kind##_cas(filch_##kind *a, type *expected, type v,                   \
                                        filch_order order)                                         \
    {                                                                                              \
        return __atomic_compare_exchange_n(&a->filch_value, expected, v, 0, (int)order,            \
                                           __ATOMIC_RELAXED);                                      \
    }

#define FILCH_ATOMIC_NUMBER(kind, type)                                                            \
    FILCH_ATOMIC_KIND(kind, type)                                                                  \
    FILCH_INLINE type filch_##kind##_add(filch_##kind *a, type v, filch_order order)               \
    {                                                                                              \
        return __atomic_fetch_add(&a->filch_value, v, (int)order);                                 \
    }                                                                                              \
    FILCH_INLINE type filch_##kind##_or(filch_##kind *a, type v, filch_order order)                \
    {                                                                                              \
        return __atomic_fetch_or(&a->filch_value, v, (int)order);                                  \
    }                                                                                              \
    FILCH_INLINE type filch_##kind##_and(filch_##kind *a, type v, filch_order order)               \
    {                                                                                              \
        return __atomic_fetch_and(&a->filch_value, v, (int)order);                                 \
    }

FILCH_ATOMIC_NUMBER(u32, uint32_t)
FILCH_ATOMIC_NUMBER(u64, uint64_t)
FILCH_ATOMIC_KIND(ptr, void *)

#undef FILCH_ATOMIC_NUMBER
#undef FILCH_ATOMIC_KIND

/* Full fence: the store -> load half of every Dekker-like pair. */
FILCH_INLINE void filch_fence_seq_cst(void)
{
#if defined(__SANITIZE_THREAD__) || defined(FILCH_TSAN)
    static filch_u32 dummy;
    filch_u32_add(&dummy, 0, FILCH_SEQ_CST);
#else
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
#endif
}

/* The owner's half of the asymmetric fence: keeps the compiler from moving a load above a store;
 * the processor is stopped by the other side's membarrier. */
FILCH_INLINE void filch_fence_light(void)
{
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
}

/* One turn of a bounded spin. */
FILCH_INLINE void filch_pause(void)
{
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("isb" ::: "memory");
#elif defined(__riscv)
    __asm__ volatile(".4byte 0x0100000f" ::: "memory"); /* pause, else a fence */
#else
    filch_fence_light();
#endif
}

#endif
