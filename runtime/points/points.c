/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Decision points before the memory accesses of a program (docs/explore.md). The program is compiled
 * with -fsanitize=thread and linked with this library instead of thread sanitizer's. Without
 * FILCH_VIRTUAL an access costs a call more, and nothing else happens. */
#include <runtime/points/target.h>

#include <string.h>

#define FL_PLAIN(address, size, writes)                                                            \
    fl_accesses(address, size, (writes) ? FILCH_EXPLORE_WRITES : 0, FL_HERE)
#include <runtime/points/plain_calls.h>

/* ---- Atomic operations. All are sequentially consistent: one thread runs at a time ---- */

#define ATOMIC_FETCH(bits, type, name, builtin)                                                    \
    type __tsan_atomic##bits##_##name(volatile type *at, type value, fl_tsan_order as);            \
    type __tsan_atomic##bits##_##name(volatile type *at, type value, fl_tsan_order as)             \
    {                                                                                              \
        (void)as;                                                                                  \
        fl_accesses((const void *)at, sizeof *at, FL_UPDATE, FL_HERE);                             \
        return builtin(at, value, __ATOMIC_SEQ_CST);                                               \
    }

/* The two names of a comparison: gcc and clang call both, the weak one without spurious failures. */
#define ATOMIC_COMPARE(bits, type, name)                                                           \
    int __tsan_atomic##bits##_compare_exchange_##name(volatile type *at, type *expected,           \
                                                      type value, fl_tsan_order done,              \
                                                      fl_tsan_order failed);                       \
    int __tsan_atomic##bits##_compare_exchange_##name(volatile type *at, type *expected,           \
                                                      type value, fl_tsan_order done,              \
                                                      fl_tsan_order failed)                        \
    {                                                                                              \
        (void)done, (void)failed;                                                                  \
        fl_accesses((const void *)at, sizeof *at, FL_UPDATE, FL_HERE);                             \
        return __atomic_compare_exchange_n(at, expected, value, false, __ATOMIC_SEQ_CST,           \
                                           __ATOMIC_SEQ_CST);                                      \
    }

#define ATOMICS(bits, type)                                                                        \
    type __tsan_atomic##bits##_load(const volatile type *at, fl_tsan_order as);                    \
    type __tsan_atomic##bits##_load(const volatile type *at, fl_tsan_order as)                     \
    {                                                                                              \
        (void)as;                                                                                  \
        fl_accesses((const void *)at, sizeof *at, FILCH_EXPLORE_ATOMIC, FL_HERE);                  \
        return __atomic_load_n(at, __ATOMIC_SEQ_CST);                                              \
    }                                                                                              \
    void __tsan_atomic##bits##_store(volatile type *at, type value, fl_tsan_order as);             \
    void __tsan_atomic##bits##_store(volatile type *at, type value, fl_tsan_order as)              \
    {                                                                                              \
        (void)as;                                                                                  \
        fl_accesses((const void *)at, sizeof *at, FL_UPDATE, FL_HERE);                             \
        __atomic_store_n(at, value, __ATOMIC_SEQ_CST);                                             \
    }                                                                                              \
    ATOMIC_FETCH(bits, type, exchange, __atomic_exchange_n)                                        \
    ATOMIC_FETCH(bits, type, fetch_add, __atomic_fetch_add)                                        \
    ATOMIC_FETCH(bits, type, fetch_sub, __atomic_fetch_sub)                                        \
    ATOMIC_FETCH(bits, type, fetch_and, __atomic_fetch_and)                                        \
    ATOMIC_FETCH(bits, type, fetch_or, __atomic_fetch_or)                                          \
    ATOMIC_FETCH(bits, type, fetch_xor, __atomic_fetch_xor)                                        \
    ATOMIC_FETCH(bits, type, fetch_nand, __atomic_fetch_nand)                                      \
    ATOMIC_COMPARE(bits, type, strong)                                                             \
    ATOMIC_COMPARE(bits, type, weak)                                                               \
    type __tsan_atomic##bits##_compare_exchange_val(volatile type *at, type expected, type value,  \
                                                    fl_tsan_order done, fl_tsan_order failed);     \
    type __tsan_atomic##bits##_compare_exchange_val(volatile type *at, type expected, type value,  \
                                                    fl_tsan_order done, fl_tsan_order failed)      \
    {                                                                                              \
        (void)done, (void)failed;                                                                  \
        fl_accesses((const void *)at, sizeof *at, FL_UPDATE, FL_HERE);                             \
        __atomic_compare_exchange_n(at, &expected, value, false, __ATOMIC_SEQ_CST,                 \
                                    __ATOMIC_SEQ_CST);                                             \
        return expected;                                                                           \
    }

ATOMICS(8, uint8_t)
ATOMICS(16, uint16_t)
ATOMICS(32, uint32_t)
ATOMICS(64, uint64_t)

void __tsan_atomic_thread_fence(fl_tsan_order as);
void __tsan_atomic_signal_fence(fl_tsan_order as);

void __tsan_atomic_thread_fence(fl_tsan_order as)
{
    (void)as;
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
}

void __tsan_atomic_signal_fence(fl_tsan_order as)
{
    (void)as;
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
}

/* ---- Blocks of bytes: later versions of clang call these for memcpy and the like ---- */

void *__tsan_memcpy(void *to, const void *from, size_t size);
void *__tsan_memmove(void *to, const void *from, size_t size);
void *__tsan_memset(void *to, int byte, size_t size);

void *__tsan_memcpy(void *to, const void *from, size_t size)
{
    fl_accesses(from, size, 0, FL_HERE);
    fl_accesses(to, size, FILCH_EXPLORE_WRITES, FL_HERE);
    return memcpy(to, from, size);
}

void *__tsan_memmove(void *to, const void *from, size_t size)
{
    fl_accesses(from, size, 0, FL_HERE);
    fl_accesses(to, size, FILCH_EXPLORE_WRITES, FL_HERE);
    return memmove(to, from, size);
}

void *__tsan_memset(void *to, int byte, size_t size)
{
    fl_accesses(to, size, FILCH_EXPLORE_WRITES, FL_HERE);
    return memset(to, byte, size);
}
