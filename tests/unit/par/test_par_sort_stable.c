/* SPDX-License-Identifier: MIT OR Apache-2.0
 * test: long in asan; compile -O1 in release (its templates take seconds more by -O2)
 *
 * The stable sort: every item is kept, in order, equal ones as they came; for any items, workers,
 * and comparison. */
#include <filch/sort.h>
#include <inttypes.h>
#include <tests/support/par.h>
#include <tests/support/test.h>

/* ---- All types in all orders ---- */

#define SORTED_TYPE(name, type, less, KEY, INDEX, MAKE)                                            \
    FILCH_SORT_STABLE(sort_##name, type, less)                                                     \
    static void make_##name(type *v, size_t n, item_shape shape, uint64_t *state)                  \
    {                                                                                              \
        for (size_t i = 0; i < n; i++)                                                             \
            v[i] = MAKE(type, item_key(shape, i, n, state), (uint32_t)i);                          \
    }                                                                                              \
    ITEMS_DISORDER(name, type, KEY, INDEX)                                                         \
    static void check_##name(filch_runtime *rt, size_t n, item_shape shape, uint64_t *state)       \
    {                                                                                              \
        type *v = malloc(n * sizeof *v + 1);                                                       \
        make_##name(v, n, shape, state);                                                           \
        const uint64_t sum = items_sum(v, n, sizeof *v);                                           \
        cr_assert_eq(FILCH_RUN(rt, sort_##name, v, n), 0);                                         \
        cr_assert_eq(disorder_##name(v, n), 0, #name ", %zu items, order %d", n, (int)shape);      \
        cr_assert_eq(items_sum(v, n, sizeof *v), sum, #name ", %zu, order %d", n, (int)shape);     \
        free(v);                                                                                   \
    }
ITEM_TYPES(SORTED_TYPE)

static sorting_check *const checks[SORTING_TYPES] = {ITEM_TYPES(SORTING_CHECK_OF)};

Test(par_sort_stable, sorts_every_type_in_every_order)
{
    sorting_sorts(checks);
}

Test(par_sort_stable, arrays_of_megabytes_are_sorted)
{
    uint64_t state = stress_seed();
    filch_runtime *rt = par_runtime(8);
    for (unsigned shape = 0; shape < ITEM_SHAPES; shape += BUILD_TSAN ? 4 : 1)
        check_r256(rt, 17001 + par_random(&state) % 3, shape, &state);
    OK(filch_runtime_destroy(rt));
}

Test(par_sort_stable, sorts_every_small_array)
{
    sorting_sorts_few(checks);
}

/* ---- From tasks, with arguments; without types ---- */

static inline bool by_weight(uint32_t a, uint32_t b, const double *weight, double sign)
{
    return weight[a] * sign < weight[b] * sign;
}
FILCH_SORT_STABLE(sort_by_weight, uint32_t, by_weight, (const double *, weight), (double, sign))

SORTING_BOTH

Test(par_sort_stable, tasks_sort_with_comparison_arguments)
{
    sorting_sorts_by_weight(both, true);
}

/* Items of any size whose first byte is the key; the others hold the original position. */
static bool first_byte_less(const void *a, const void *b, void *mask)
{
    return (*(const unsigned char *)a & *(unsigned char *)mask) <
           (*(const unsigned char *)b & *(unsigned char *)mask);
}

static void check_plain(filch_runtime *rt, size_t size, size_t n, uint64_t *state)
{
    unsigned char mask = 0x1f, *v = malloc(n * size + 1);
    for (size_t i = 0; i < n; i++) {
        memset(v + i * size, 0, size);
        uint32_t which = (uint32_t)i << 8 | (par_random(state) & 0xff); /* least byte first */
        for (size_t k = 0; k < size && k < 4; k++)
            v[i * size + k] = (unsigned char)(which >> 8 * k);
    }
    uint64_t sum = items_sum(v, size % 8 ? n * size : n, size % 8 ? 1 : size);
    OK(par_sort_stable(rt, v, n, size, first_byte_less, &mask));
    cr_assert_eq(items_sum(v, size % 8 ? n * size : n, size % 8 ? 1 : size), sum);
    for (size_t i = 1; i < n; i++) {
        const unsigned char *at = v + i * size, *before = at - size;
        cr_assert(!first_byte_less(at, before, &mask));
        if (size >= 4 && !first_byte_less(before, at, &mask))
            cr_assert_lt(before[2] * 256 + before[1], at[2] * 256 + at[1]);
    }
    free(v);
}

Test(par_sort_stable, items_without_a_type_are_sorted)
{
    static const size_t sizes[] = {1, 2, 3, 4, 7, 8, 12, 16, 17, 24, 64, 255, 256};
    uint64_t state = stress_seed();
    filch_runtime *rt = par_runtime(2);
    for (unsigned k = 0; k < sizeof sizes / sizeof sizes[0]; k++)
        for (unsigned times = stress_times(4); times; times--)
            check_plain(rt, sizes[k], par_size(&state, 60000), &state);
    OK(filch_runtime_destroy(rt));
}

/* ---- Comparisons that are no order ---- */

#define DISORDERLY(less) SORTING_FUNCTION(FILCH_SORT_STABLE, less)
ITEM_DISORDERS(DISORDERLY)

Test(par_sort_stable, what_has_no_order_is_kept)
{
    static sorting_fn *const keep[] = {ITEM_DISORDERS(SORTING_KEEP_OF)};
    sorting_keeps_items(keep, sizeof keep / sizeof keep[0]);
}

static int sort_reals(filch_runtime *rt, double *v, size_t n)
{
    return FILCH_RUN(rt, sort_real, v, n);
}

Test(par_sort_stable, nan_is_kept)
{
    sorting_keeps_nan(sort_reals);
}

/* ---- How many comparisons ---- */

FILCH_SORT_STABLE(sort_counted, uint32_t, less_counted, (uint64_t *, count))

Test(par_sort_stable, ordered_and_reversed_cost_one_pass)
{
    enum { N = 100000 };
    static uint32_t v[N];
    uint64_t count = 0;
    filch_runtime *rt = par_runtime(1);
    for (uint32_t i = 0; i < N; i++)
        v[i] = i / 3;
    cr_assert_eq(FILCH_RUN(rt, sort_counted, v, N, &count), 0);
    cr_assert_leq(count, N);
    for (uint32_t i = 0; i < N; i++)
        v[i] = N - i;
    count = 0;
    cr_assert_eq(FILCH_RUN(rt, sort_counted, v, N, &count), 0);
    cr_assert_leq(count, N);
    cr_assert_eq(disorder_u32(v, N), 0);
    OK(filch_runtime_destroy(rt));
}

Test(par_sort_stable, two_valued_input_needs_few_comparisons)
{
    enum { N = 16000 };
    static uint32_t v[N];
    uint64_t count = 0, state = stress_seed();
    filch_runtime *rt = par_runtime(1);
    for (uint32_t i = 0; i < N; i++)
        v[i] = par_random(&state) % 2;
    cr_assert_eq(FILCH_RUN(rt, sort_counted, v, N, &count), 0);
    cr_assert_eq(disorder_u32(v, N), 0);
    if (!BUILD_TINY) /* which merges more than it parts */
        cr_assert_lt(count, 4 * N);
    OK(filch_runtime_destroy(rt));
}

FILCH_SORT_STABLE(sort_at_worst, uint32_t, less_for_worse, (adversary *, foe))

Test(par_sort_stable, adversary_cannot_force_quadratic_comparisons)
{
    enum { N = 16000 };
    static uint32_t v[N], value[N];
    adversary foe = {.value = value, .gas = UINT32_MAX};
    for (uint32_t i = 0; i < N; i++) {
        v[i] = i;
        value[i] = foe.gas;
    }
    filch_runtime *rt = par_runtime(1);
    cr_assert_eq(FILCH_RUN(rt, sort_at_worst, v, N, &foe), 0);
    cr_assert_lt(foe.count, 60 * N, "%" PRIu64 " comparisons", foe.count);
    for (uint32_t i = 1; i < N; i++)
        cr_assert_leq(value[v[i - 1]], value[v[i]]);
    OK(filch_runtime_destroy(rt));
}

/* ---- Refusals ---- */

Test(par_sort_stable, what_cannot_be_sorted_is_refused)
{
    filch_runtime *rt = par_runtime(1);
    unsigned char v[4] = {3, 2, 1, 0}, mask = 0xff;
    cr_assert_eq(par_sort_stable(rt, NULL, 2, 1, first_byte_less, &mask), -EINVAL);
    cr_assert(strstr(filch_error(), "NULL"));
    cr_assert_eq(par_sort_stable(rt, v, 4, 1, NULL, NULL), -EINVAL);
    cr_assert(strstr(filch_error(), "comparison"));
    cr_assert_eq(par_sort_stable(rt, v, 4, 0, first_byte_less, &mask), -EINVAL);
    cr_assert_eq(par_sort_stable(rt, v, 4, 257, first_byte_less, &mask), -EINVAL);
    cr_assert(strstr(filch_error(), "257"));
    cr_assert_eq(par_sort_stable(rt, v, SIZE_MAX, 4, first_byte_less, &mask), -EINVAL);
    cr_assert_eq(FILCH_RUN(rt, sort_u32, NULL, 1), -EINVAL);
    cr_assert_eq(FILCH_RUN(rt, sort_u32, (uint32_t *)(void *)v, SIZE_MAX / 2), -EINVAL);
    cr_assert_eq(memcmp(v, "\3\2\1", 4), 0);
    OK(par_sort_stable(rt, NULL, 0, 1, first_byte_less, &mask));
    OK(par_sort_stable(rt, v, 1, 1, first_byte_less, &mask));
    cr_assert_eq(FILCH_RUN(rt, sort_u32, NULL, 0), 0);
    OK(filch_runtime_destroy(rt));
}
