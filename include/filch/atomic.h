/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The atomics of Filch: struct types, so that raw access does not compile, and named operations on
 * the compilers' builtins, so that the same source is valid C11 and C++17. Every shared word in
 * `sched/`, `runtime/` and the inline fork and join goes through this header; to check the
 * protocols, a build puts a shim with the same names in its place.
 *
 * For filch_<kind>, kind one of u32, u64, ptr:
 *   load(a, order)  store(a, v, order)  exchange(a, v, order) -> old
 *   cas(a, &expected, v, order) -> done; order for success; relaxed on failure, which stores the
 *                                  present value in *expected
 *   add(a, v, order) -> old        sub(a, v, order) -> old       max(a, v, order) -> old
 *   or(a, v, order) -> old         and(a, v, order) -> old       (u32 and u64)
 * max stores v if it is greater than the current value, and otherwise stores and orders nothing.
 * docs/internals/memory-model.md shows which order to use.
 *
 * Stand-alone fences exist for store -> load only: filch_fence_seq_cst, and the asymmetric pair.
 * Its light half, filch_fence_light, costs its owner only a compiler barrier (the heavy half is
 * `membarrier`, which lives in the runtime). Thread sanitizer does not model fences; in its builds
 * the fence is a seq_cst operation on a dummy.
 * Threads: any. Suspends: never. Errors: none.
 * Since 0.1.0. */
#ifndef FILCH_ATOMIC_H
#define FILCH_ATOMIC_H
#include <filch/detail/hide_words.h>

#include <filch/base.h>

/* The orders of an access, as those of C11. */
typedef enum {
    FILCH_RELAXED = __ATOMIC_RELAXED,
    FILCH_ACQUIRE = __ATOMIC_ACQUIRE,
    FILCH_RELEASE = __ATOMIC_RELEASE,
    FILCH_ACQ_REL = __ATOMIC_ACQ_REL,
    FILCH_SEQ_CST = __ATOMIC_SEQ_CST
} filch_order;

/* Before version 14, gcc makes every atomic store on
 * riscv64 an atomic exchange, and every fence a full one. A plain store of an aligned word is also
 * indivisible, and volatile keeps the compiler from moving it. */
#if defined(__riscv) && !defined(__clang__) && __GNUC__ < 14
#define FILCH_ATOMIC_STORE(to, v, order)                                                           \
    do {                                                                                           \
        if ((order) == FILCH_SEQ_CST)                                                              \
            __atomic_store_n(to, v, __ATOMIC_SEQ_CST);                                             \
        else {                                                                                     \
            if ((order) == FILCH_RELEASE)                                                          \
                __asm__ volatile("fence rw, w" ::: "memory");                                      \
            *(volatile __typeof__(*(to)) *)(to) = (v);                                             \
        }                                                                                          \
    } while (0)
/* The same versions give a CAS the release of its order on failure, which is relaxed: one that
 * succeeds would release nothing. (On success its store is an acquire, which is enough.) */
#define FILCH_ATOMIC_BEFORE_CAS(order)                                                             \
    do {                                                                                           \
        if ((order) != FILCH_RELAXED && (order) != FILCH_ACQUIRE)                                  \
            __asm__ volatile("fence rw, w" ::: "memory");                                          \
    } while (0)
/* On aarch64 a seq_cst store is a store-release. A later load-acquire does not overtake it on any
 * processor, but does in QEMU 7.2 on x86-64 (Debian 12), whose emulated store has a fence only
 * before it. An exchange is ordered in both. No fast path has such a store. */
#elif defined(__aarch64__)
#define FILCH_ATOMIC_STORE(to, v, order)                                                           \
    do {                                                                                           \
        if ((order) == FILCH_SEQ_CST)                                                              \
            (void)__atomic_exchange_n(to, v, __ATOMIC_SEQ_CST);                                    \
        else                                                                                       \
            __atomic_store_n(to, v, (int)(order));                                                 \
    } while (0)
#else
/* Stores v in *to in this order, for the functions below. */
#define FILCH_ATOMIC_STORE(to, v, order) __atomic_store_n(to, v, (int)(order))
#endif

#ifndef FILCH_ATOMIC_BEFORE_CAS
/* Does what a CAS of this order needs before it, for the functions below: nothing, except where an
 * older gcc lacks it. */
#define FILCH_ATOMIC_BEFORE_CAS(order) ((void)0)
#endif

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
        FILCH_ATOMIC_STORE(&a->filch_value, v, order);                                             \
    }                                                                                              \
    FILCH_INLINE type filch_##kind##_exchange(filch_##kind *a, type v, filch_order order)          \
    {                                                                                              \
        return __atomic_exchange_n(&a->filch_value, v, (int)order);                                \
    }                                                                                              \
    FILCH_INLINE int filch_##kind##_cas(filch_##kind *a, type *expected, type v,                   \
                                        filch_order order)                                         \
    {                                                                                              \
        FILCH_ATOMIC_BEFORE_CAS(order);                                                            \
        return __atomic_compare_exchange_n(&a->filch_value, expected, v, 0, (int)order,            \
                                           __ATOMIC_RELAXED);                                      \
    }

#define FILCH_ATOMIC_NUMBER(kind, type)                                                            \
    FILCH_ATOMIC_KIND(kind, type)                                                                  \
    FILCH_INLINE type filch_##kind##_add(filch_##kind *a, type v, filch_order order)               \
    {                                                                                              \
        return __atomic_fetch_add(&a->filch_value, v, (int)order);                                 \
    }                                                                                              \
    FILCH_INLINE type filch_##kind##_sub(filch_##kind *a, type v, filch_order order)               \
    {                                                                                              \
        return __atomic_fetch_sub(&a->filch_value, v, (int)order);                                 \
    }                                                                                              \
    FILCH_INLINE type filch_##kind##_max(filch_##kind *a, type v, filch_order order)               \
    {                                                                                              \
        type old = filch_##kind##_load(a, FILCH_RELAXED);                                          \
        while (old < v && !filch_##kind##_cas(a, &old, v, order))                                  \
            ;                                                                                      \
        return old;                                                                                \
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

/* A full fence: the store -> load half of every Dekker-like pair. */
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
 * the other side's membarrier stops the processor. */
FILCH_INLINE void filch_fence_light(void)
{
#if defined(__riscv) && defined(__clang__) /* some versions make a signal fence a full one there */
    __asm__ volatile("" ::: "memory");
#else
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
#endif
}

/* Lets the processor rest for a moment: one turn of a bounded spin. */
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

#include <filch/detail/show_words.h>
#endif
