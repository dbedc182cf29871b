/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Shared by the tests of the parallel algorithms: runtimes, sizes, random numbers, a loop that another worker
 * has to help with, items and their orders. */
#ifndef SUPPORT_PAR_H
#define SUPPORT_PAR_H

#include <filch/filch.h>
#include <filch/par.h>
#include <math.h>
#include <tests/support/tasks.h>

enum { PAR_RUNTIMES = 4 };
filch_runtime *par_runtime(unsigned workers);
static inline uint64_t par_random(uint64_t *state)
{
    *state += UINT64_C(0x9e3779b97f4a7c15);
    return stress_mix(*state);
}

/* 0 to most, small ones as often as large ones; less where everything takes longer. */
size_t par_size(uint64_t *state, size_t most);
/* As if each iteration of a call had taken `ns`. */
void par_teach(filch_for_fn *body, size_t n, uint64_t ns);
/* A body for 64 indices, taught to be long, so that it forks first. Index 0 ends when one of the upper
 * quarter has run, which another worker must do; arg: a filch_u32, 0. */
int par_await_helper(filch_self self, size_t begin, size_t end, void *arg);

/* filch_sort and its kin, called by a task for a thread outside. */
int par_sort(filch_runtime *rt, void *items, size_t n, size_t size, filch_less_fn *less,
             void *context);
int par_sort_stable(filch_runtime *rt, void *items, size_t n, size_t size, filch_less_fn *less,
                    void *context);
int par_radix_sort(filch_runtime *rt, void *items, size_t n, size_t size, size_t offset,
                   size_t bytes, filch_radix_kind kind);
int par_merge(filch_runtime *rt, const void *a, size_t a_count, const void *b, size_t b_count,
              void *out, size_t size, filch_less_fn *less, void *context);

/* ---- Items ---- */

/* Items to sort and merge: numbers and records of all sizes, in usual and unusual orders. A record
 * knows its original position, so that a stable result can be told from another. */

typedef struct record16 {
    uint64_t key, index;
} record16;

typedef struct record48 {
    int32_t key;
    uint32_t index;
    char rest[40];
} record48;

typedef struct record256 {
    double key;
    uint64_t index;
    char rest[240];
} record256;

/* X(name, type, less, key of an item, its index or a constant, item of key and index) */
#define ITEM_TYPES(X)                                                                              \
    X(u8, uint8_t, FILCH_LESS, ITEM_ITSELF, ITEM_NONE, ITEM_NUMBER)                                \
    X(i16, int16_t, FILCH_LESS, ITEM_ITSELF, ITEM_NONE, ITEM_NUMBER)                               \
    X(u32, uint32_t, FILCH_LESS, ITEM_ITSELF, ITEM_NONE, ITEM_NUMBER)                              \
    X(i64, int64_t, FILCH_LESS, ITEM_ITSELF, ITEM_NONE, ITEM_NUMBER)                               \
    X(real, double, FILCH_LESS, ITEM_ITSELF, ITEM_NONE, ITEM_NUMBER)                               \
    X(r16, record16, ITEM_LESS, ITEM_KEY, ITEM_INDEX, ITEM_RECORD)                                 \
    X(r48, record48, ITEM_LESS, ITEM_KEY, ITEM_INDEX, ITEM_RECORD)                                 \
    X(r256, record256, ITEM_LESS, ITEM_KEY, ITEM_INDEX, ITEM_RECORD)
#define ITEM_LESS(a, b) ((a).key < (b).key)
#define ITEM_ITSELF(x) (x)
#define ITEM_NONE(x) 0
#define ITEM_NUMBER(type, key_, index_) (type)(key_)
#define ITEM_KEY(x) (x).key
#define ITEM_INDEX(x) (x).index
#define ITEM_RECORD(type, key_, index_)                                                            \
    (type)                                                                                         \
    {                                                                                              \
        .key = (key_), .index = (index_)                                                           \
    }
/* The first of n items that should not be where it is, or 0: a lesser key than the one before, or
 * an equal one that came earlier. */
#define ITEMS_DISORDER(name, type, KEY, INDEX)                                                     \
    static size_t disorder_##name(const type *v, size_t n)                                         \
    {                                                                                              \
        for (size_t i = 1; i < n; i++)                                                             \
            if (KEY(v[i]) < KEY(v[i - 1]) ||                                                       \
                (KEY(v[i]) == KEY(v[i - 1]) && INDEX(v[i]) < INDEX(v[i - 1])))                     \
                return i;                                                                          \
        return 0;                                                                                  \
    }
/* Orders of keys. */
typedef enum item_shape {
    RANDOM,
    FEW_VALUES,
    EQUAL,
    RISING,
    FALLING,
    FALLING_STAIRS,
    ORGAN_PIPE,
    RUNS,
    NEARLY_RISING,
    ITEM_SHAPES
} item_shape;

int64_t item_key(item_shape shape, size_t i, size_t n, uint64_t *state);
/* A sum over all bytes of all items: the same in any order. (Inline, or gcc warns that no items are not
 * initialized.) */
static inline uint64_t items_sum(const void *items, size_t count, size_t size)
{
    const unsigned char *byte = items;
    uint64_t sum = 0;
    for (size_t i = 0; i < count; i++) {
        uint64_t item = size;
        for (size_t k = 0; k < size; k += 8, byte += size < 8 ? size : 8) {
            uint64_t word = 0;
            memcpy(&word, byte, size < 8 ? size : 8);
            item = stress_mix(item + word);
        }
        sum += item;
    }
    return sum;
}

/* Comparisons that are no order. */
bool less_by_whim(uint64_t a, uint64_t b);
bool less_always(uint64_t a, uint64_t b);
bool less_never(uint64_t a, uint64_t b);
bool less_or_equal(uint64_t a, uint64_t b);
bool less_in_a_circle(uint64_t a, uint64_t b);
bool less_and_then_not(uint64_t a, uint64_t b);
/* X(name) */
#define ITEM_DISORDERS(X)                                                                          \
    X(less_by_whim)                                                                                \
    X(less_always)                                                                                 \
    X(less_never)                                                                                  \
    X(less_or_equal)                                                                               \
    X(less_in_a_circle)                                                                            \
    X(less_and_then_not)

/* ---- Sorts ---- */

/* ---- Every type in every order, and every small number ---- */

typedef void sorting_check(filch_runtime *rt, size_t n, item_shape shape, uint64_t *state);
#define SORTING_CHECK_OF(name, ...) check_##name,
enum { SORTING_TYPES = 8 };
void sorting_sorts(sorting_check *const check[SORTING_TYPES]);
void sorting_sorts_few(sorting_check *const check[SORTING_TYPES]);

/* ---- From tasks, with arguments ---- */

enum { SORTING_HALF = 30000 };
typedef int sorting_both(filch_runtime *rt, uint32_t *v, const double *weight);
/* Tasks that sort two halves, rising and falling, by sort_by_weight(self, v, n, weight, sign). */
#define SORTING_BOTH                                                                               \
    FILCH_TASK(int, sort_rising, (uint32_t *, v), (size_t, n), (const double *, weight))           \
    {                                                                                              \
        return sort_by_weight(self, v, n, weight, 1.0);                                            \
    }                                                                                              \
    FILCH_TASK(int, sort_both, (uint32_t *, v), (const double *, weight))                          \
    {                                                                                              \
        FILCH_FORK(sort_rising, v, 20, weight); /* so few are sorted where they are */             \
        FILCH_FORK(sort_rising, v + 20, SORTING_HALF - 20, weight);                                \
        int falling = sort_by_weight(self, v + SORTING_HALF, SORTING_HALF, weight, -1.0);          \
        FILCH_JOIN(int most, sort_rising);                                                         \
        FILCH_JOIN(int few, sort_rising);                                                          \
        return few | most | falling;                                                               \
    }                                                                                              \
    static int both(filch_runtime *rt, uint32_t *v, const double *weight)                          \
    {                                                                                              \
        return FILCH_RUN(rt, sort_both, v, weight);                                                \
    }
void sorting_sorts_by_weight(sorting_both *sort, bool stable);

/* ---- Comparisons that are no order ---- */

typedef int sorting_fn(filch_runtime *rt, uint64_t *v, size_t n);
/* A sort of uint64_t as a function; one for each comparison that is no order, and their list. */
#define SORTING_FUNCTION(SORT, less)                                                               \
    SORT(sort_##less, uint64_t, less)                                                              \
    static int keep_##less(filch_runtime *rt, uint64_t *v, size_t n)                               \
    {                                                                                              \
        return FILCH_RUN(rt, sort_##less, v, n);                                                   \
    }
#define SORTING_KEEP_OF(less) keep_##less,
void sorting_keeps_items(sorting_fn *const *sort, unsigned sorts);
void sorting_keeps_nan(int (*sort)(filch_runtime *rt, double *v, size_t n));

/* ---- How many comparisons ---- */

bool less_counted(uint32_t a, uint32_t b, uint64_t *count);
/* M. D. McIlroy, A killer adversary for quicksort, 1999: values are decided as late as possible,
 * and to the disadvantage of pivots. All start as gas, which is more than any solid value. */
typedef struct adversary {
    uint32_t *value, gas, solid, candidate;
    uint64_t count;
} adversary;

bool less_for_worse(uint32_t a, uint32_t b, adversary *foe);

#endif
