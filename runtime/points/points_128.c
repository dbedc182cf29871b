/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Atomic operations on 16 bytes, where the processor has them: each is a loop of comparisons. */
#include <runtime/points/target.h>

#ifdef __GCC_HAVE_SYNC_COMPARE_AND_SWAP_16

typedef unsigned __int128 word;

static word compare(volatile word *at, word expected, word value)
{
    return __sync_val_compare_and_swap(at, expected, value);
}

word __tsan_atomic128_load(const volatile word *at, fl_tsan_order as);
void __tsan_atomic128_store(volatile word *at, word value, fl_tsan_order as);

word __tsan_atomic128_load(const volatile word *at, fl_tsan_order as)
{
    (void)as;
    fl_accesses((const void *)at, sizeof *at, FILCH_EXPLORE_ATOMIC, FL_HERE);
    return compare((volatile word *)at, 0, 0);
}

#define FETCH(name, next)                                                                          \
    word __tsan_atomic128_##name(volatile word *at, word value, fl_tsan_order as);                 \
    word __tsan_atomic128_##name(volatile word *at, word value, fl_tsan_order as)                  \
    {                                                                                              \
        (void)as;                                                                                  \
        fl_accesses((const void *)at, sizeof *at, FL_UPDATE, FL_HERE);                             \
        word old = compare(at, 0, 0), seen;                                                        \
        while ((seen = compare(at, old, next)) != old)                                             \
            old = seen;                                                                            \
        return old;                                                                                \
    }

FETCH(exchange, value)
FETCH(fetch_add, old + value)
FETCH(fetch_sub, old - value)
FETCH(fetch_and, old &value)
FETCH(fetch_or, old | value)
FETCH(fetch_xor, old ^ value)
FETCH(fetch_nand, ~(old &value))

void __tsan_atomic128_store(volatile word *at, word value, fl_tsan_order as)
{
    __tsan_atomic128_exchange(at, value, as);
}

#define COMPARE(name)                                                                              \
    int __tsan_atomic128_compare_exchange_##name(volatile word *at, word *expected, word value,    \
                                                 fl_tsan_order done, fl_tsan_order failed);        \
    int __tsan_atomic128_compare_exchange_##name(volatile word *at, word *expected, word value,    \
                                                 fl_tsan_order done, fl_tsan_order failed)         \
    {                                                                                              \
        (void)done, (void)failed;                                                                  \
        fl_accesses((const void *)at, sizeof *at, FL_UPDATE, FL_HERE);                             \
        word old = *expected;                                                                      \
        *expected = compare(at, old, value);                                                       \
        return *expected == old;                                                                   \
    }

COMPARE(strong)
COMPARE(weak)

word __tsan_atomic128_compare_exchange_val(volatile word *at, word expected, word value,
                                           fl_tsan_order done, fl_tsan_order failed);
word __tsan_atomic128_compare_exchange_val(volatile word *at, word expected, word value,
                                           fl_tsan_order done, fl_tsan_order failed)
{
    (void)done, (void)failed;
    fl_accesses((const void *)at, sizeof *at, FL_UPDATE, FL_HERE);
    return compare(at, expected, value);
}

#endif
