/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Calls every function that compilers call with -fsanitize=thread; libfilch-points has them all, and the
 * atomic ones have their effect. C11 and C++17. */
#include <filch/filch.h>
#include <filch/trace.h>
#include <stdio.h>
#include <string.h>

#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "line %d: %s\n", __LINE__, #condition);                                \
            failures++;                                                                            \
        }                                                                                          \
    } while (0)

static int failures;

#define OPERATIONS(name, type)                                                                     \
    static type plain_##name;                                                                      \
    static volatile type careful_##name;                                                           \
    static type atomic_##name;                                                                     \
    static struct __attribute__((packed)) {                                                        \
        char first;                                                                                \
        type value;                                                                                \
    } apart_##name;                                                                                \
    __attribute__((noinline)) static void check_##name(void)                                       \
    {                                                                                              \
        type *at = &atomic_##name, expected = 6;                                                   \
        plain_##name = 3;                                                                          \
        careful_##name = plain_##name;                                                             \
        apart_##name.value = careful_##name;                                                       \
        __atomic_store_n(at, apart_##name.value, __ATOMIC_RELEASE);                                \
        CHECK(__atomic_load_n(at, __ATOMIC_ACQUIRE) == 3);                                         \
        CHECK(__atomic_exchange_n(at, 6, __ATOMIC_SEQ_CST) == 3);                                  \
        CHECK(__atomic_fetch_add(at, 3, __ATOMIC_RELAXED) == 6);                                   \
        CHECK(__atomic_fetch_sub(at, 1, __ATOMIC_RELAXED) == 9);                                   \
        CHECK(__atomic_fetch_and(at, 12, __ATOMIC_RELAXED) == 8);                                  \
        CHECK(__atomic_fetch_or(at, 3, __ATOMIC_RELAXED) == 8);                                    \
        CHECK(__atomic_fetch_xor(at, 2, __ATOMIC_RELAXED) == 11);                                  \
        CHECK(__atomic_fetch_nand(at, 8, __ATOMIC_RELAXED) == 9);                                  \
        CHECK(!__atomic_compare_exchange_n(at, &expected, 5, 0, __ATOMIC_SEQ_CST,                  \
                                           __ATOMIC_RELAXED));                                     \
        CHECK(expected == (type) ~(type)8);                                                        \
        CHECK(                                                                                     \
            __atomic_compare_exchange_n(at, &expected, 5, 1, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED)); \
        CHECK(__atomic_load_n(at, __ATOMIC_SEQ_CST) == 5);                                         \
    }

OPERATIONS(byte, uint8_t)
OPERATIONS(half, uint16_t)
OPERATIONS(word, uint32_t)
OPERATIONS(twice, uint64_t)
#ifdef __GCC_HAVE_SYNC_COMPARE_AND_SWAP_16
__extension__ typedef unsigned __int128 sixteen;
OPERATIONS(four, sixteen)
#endif

typedef struct block {
    char bytes[200];
} block;
static block one, other;

FILCH_TASK(long, copy, (int, byte))
{
    memset(&one, byte, sizeof one);
    other = one;
    filch_explore_point();
    return other.bytes[0] + other.bytes[199];
}

int main(void)
{
    filch_runtime *rt;
    check_byte();
    check_half();
    check_word();
    check_twice();
#ifdef __GCC_HAVE_SYNC_COMPARE_AND_SWAP_16
    check_four();
#endif
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
    if (filch_runtime_create(&rt, NULL))
        return fprintf(stderr, "%s\n", filch_error()), 1;
    CHECK(FILCH_RUN(rt, copy, 21) == 42);
    filch_runtime_destroy(rt);
    return printf("%d failures\n", failures) < 0;
}
