/* SPDX-License-Identifier: MIT OR Apache-2.0
 * test: long in asan; compile -O1 in release unoptimized (its templates are shorter then)
 *
 * The unstable sort: every item is kept, in order; for any items, workers, and comparison, and
 * never at a cost beyond n log n. */
#include <filch/sort.h>
#include <runtime/par/partition.h>
#include <tests/support/par.h>
#include <tests/support/test.h>

/* ---- All types in all orders ---- */

#define SORTED_TYPE(name, type, less, KEY, INDEX, MAKE)                                            \
    FILCH_SORT(sort_##name, type, less)                                                            \
    static void check_##name(filch_runtime *rt, size_t n, item_shape shape, uint64_t *state)       \
    {                                                                                              \
        type *v = malloc(n * sizeof *v + 1);                                                       \
        for (size_t i = 0; i < n; i++)                                                             \
            v[i] = MAKE(type, item_key(shape, i, n, state), (uint32_t)i);                          \
        const uint64_t sum = items_sum(v, n, sizeof *v);                                           \
        cr_assert_eq(FILCH_RUN(rt, sort_##name, v, n), 0);                                         \
        for (size_t i = 1; i < n; i++)                                                             \
            cr_assert(KEY(v[i - 1]) <= KEY(v[i]), #name ", %zu items, order %d", n, (int)shape);   \
        cr_assert_eq(items_sum(v, n, sizeof *v), sum, #name ", %zu, order %d", n, (int)shape);     \
        free(v);                                                                                   \
    }
ITEM_TYPES(SORTED_TYPE)

static sorting_check *const checks[SORTING_TYPES] = {ITEM_TYPES(SORTING_CHECK_OF)};

Test(par_sort, every_type_and_order_sorts)
{
    sorting_sorts(checks);
}

Test(par_sort, every_small_item_count_sorts)
{
    sorting_sorts_few(checks);
}

Test(par_sort, the_smallest_stack_is_enough)
{
    if (BUILD_ASAN || BUILD_TSAN || !BUILD_OPTIMIZED)
        cr_skip_test("sanitizers, and code that is not optimized, need more stack");
    uint64_t state = stress_seed();
    filch_runtime *rt;
    filch_config config = {.workers = 2, .stack_size = 1 << 14};
    OK(filch_runtime_create(&rt, &config));
    for (unsigned t = 0; t < SORTING_TYPES; t++)
        for (unsigned shape = 0; shape < ITEM_SHAPES; shape++)
            checks[t](rt, par_size(&state, 100000), shape, &state);
    OK(filch_runtime_destroy(rt));
}

/* ---- From tasks, with arguments; without types ---- */

static inline bool by_weight(uint32_t a, uint32_t b, const double *weight, double sign)
{
    return weight[a] * sign < weight[b] * sign;
}
FILCH_SORT(sort_by_weight, uint32_t, by_weight, (const double *, weight), (double, sign))

SORTING_BOTH

Test(par_sort, tasks_sort_with_given_arguments)
{
    sorting_sorts_by_weight(both, false);
}

static bool masked_less(const void *a, const void *b, void *mask)
{
    const unsigned char *x = a, *y = b, *m = mask;
    return (*x & *m) < (*y & *m);
}

Test(par_sort, items_without_a_type_are_sorted)
{
    static const size_t sizes[] = {1, 2, 3, 4, 7, 8, 12, 16, 17, 24, 33, 64, 255, 256};
    uint64_t state = stress_seed();
    filch_runtime *rt = par_runtime(2);
    for (unsigned k = 0; k < sizeof sizes / sizeof sizes[0]; k++)
        for (unsigned times = stress_times(4); times; times--) {
            const size_t size = sizes[k], n = par_size(&state, 60000);
            unsigned char mask = times % 2 ? 0xff : 0x1f, *v = malloc(n * size + 1);
            for (size_t i = 0; i < n * size; i++)
                v[i] = (unsigned char)par_random(&state);
            const uint64_t sum = items_sum(v, n * size, 1);
            OK(par_sort(rt, v, n, size, masked_less, &mask));
            cr_assert_eq(items_sum(v, n * size, 1), sum);
            for (size_t i = 1; i < n; i++)
                cr_assert(!masked_less(v + i * size, v + (i - 1) * size, &mask));
            free(v);
        }
    OK(filch_runtime_destroy(rt));
}

/* ---- Comparisons that are no order ---- */

#define DISORDERLY(less) SORTING_FUNCTION(FILCH_SORT, less)
ITEM_DISORDERS(DISORDERLY)

static bool record_by_whim(const void *a, const void *b, void *context)
{
    const record48 *x = a, *y = b;
    return less_and_then_not((uint64_t)x->key, (uint64_t)y->key);
}

static int keep_records(filch_runtime *rt, uint64_t *v, size_t n)
{
    return par_sort(rt, v, n * sizeof *v / sizeof(record48), sizeof(record48), record_by_whim,
                    NULL);
}

Test(par_sort, what_has_no_order_is_kept)
{
    static sorting_fn *const keep[] = {ITEM_DISORDERS(SORTING_KEEP_OF) keep_records};
    sorting_keeps_items(keep, sizeof keep / sizeof keep[0]);
}

static int sort_reals(filch_runtime *rt, double *v, size_t n)
{
    return FILCH_RUN(rt, sort_real, v, n);
}

Test(par_sort, nan_is_kept)
{
    sorting_keeps_nan(sort_reals);
}

/* ---- How many comparisons ---- */

FILCH_SORT(sort_counted, uint32_t, less_counted, (uint64_t *, count))

enum { COUNTED = BUILD_TSAN ? 20000 : 100000 };

static double comparisons_per_item(uint32_t (*value)(uint32_t i, uint64_t *state))
{
    static uint32_t v[COUNTED];
    uint64_t count = 0, state = stress_seed();
    filch_runtime *rt = par_runtime(1);
    for (uint32_t i = 0; i < COUNTED; i++)
        v[i] = value(i, &state);
    cr_assert_eq(FILCH_RUN(rt, sort_counted, v, COUNTED, &count), 0);
    for (uint32_t i = 1; i < COUNTED; i++)
        cr_assert_leq(v[i - 1], v[i]);
    OK(filch_runtime_destroy(rt));
    return (double)count / COUNTED;
}

static uint32_t rising(uint32_t i, uint64_t *state)
{
    return i / 3;
}
static uint32_t falling(uint32_t i, uint64_t *state)
{
    return COUNTED - i;
}
static uint32_t eight_values(uint32_t i, uint64_t *state)
{
    return (uint32_t)par_random(state) % 8;
}
static uint32_t organ_pipe(uint32_t i, uint64_t *state)
{
    return i < COUNTED / 2 ? i : COUNTED - i;
}

Test(par_sort, ordered_and_reversed_cost_one_pass)
{
    cr_assert_leq(comparisons_per_item(rising), 1.0);
    cr_assert_leq(comparisons_per_item(falling), 1.0);
}

Test(par_sort, few_values_cost_few_comparisons)
{
    cr_assert_leq(comparisons_per_item(eight_values), 9.0);
}

Test(par_sort, pattern_costs_no_more_than_random)
{
    cr_assert_leq(comparisons_per_item(organ_pipe), 1.3 * log2(COUNTED));
}

FILCH_SORT(sort_against, uint32_t, less_for_worse, (adversary *, foe))

static void sort_the_worst(uint32_t n, uint32_t *value)
{
    static uint32_t v[COUNTED];
    adversary foe = {.value = value, .gas = n, .solid = 3};
    for (uint32_t i = 0; i < n; i++) {
        v[i] = i;
        value[i] = i < 3 ? (i + 1) % 3 : n; /* no run to begin with */
    }
    filch_runtime *rt = par_runtime(1);
    cr_assert_eq(FILCH_RUN(rt, sort_against, v, n, &foe), 0);
    OK(filch_runtime_destroy(rt));
    for (uint32_t i = 1; i < n; i++)
        cr_assert_leq(value[v[i - 1]], value[v[i]]);
    cr_assert_leq((double)foe.count / n, 4 * log2(n));
}

Test(par_sort, worst_input_costs_n_log_n)
{
    static uint32_t value[COUNTED];
    sort_the_worst(COUNTED, value);
    sort_the_worst(BUILD_TINY ? COUNTED : 2000, value); /* by one task */
}

static uint32_t worst_value[COUNTED];
static uint32_t as_it_was_worst(uint32_t i, uint64_t *state)
{
    return worst_value[i];
}

Test(par_sort, worst_input_is_not_worst_twice)
{
    sort_the_worst(COUNTED, worst_value);
    cr_assert_leq(comparisons_per_item(as_it_was_worst), 1.5 * log2(COUNTED));
}

/* ---- Partitioning together ---- */

typedef struct cut_call {
    uint32_t *v, pivot;
    size_t n, first;
    bool not_after;
} cut_call;

FILCH_VOID_TASK(cut_together, (cut_call *, call))
{
    struct sort_u32_context none;
    call->first = fl_partition_together(self, call->v, call->n, &call->pivot, call->not_after,
                                        &sort_u32_ops, &none);
}

Test(par_sort, several_workers_partition_an_array)
{
    uint64_t state = stress_seed();
    for (unsigned k = 0; k < PAR_RUNTIMES; k++) {
        filch_runtime *rt = par_runtime(config_workers[k]);
        for (unsigned times = stress_times(20); times; times--) {
            const size_t n = par_size(&state, 1000000);
            const uint32_t values = times % 3 ? 1000 : 2;
            cut_call call = {malloc(n * sizeof(uint32_t) + 1),
                             (uint32_t)par_random(&state) % (values + 1), n, 0, times % 2};
            for (size_t i = 0; i < n; i++)
                call.v[i] = (uint32_t)par_random(&state) % values;
            const uint64_t sum = items_sum(call.v, n, sizeof(uint32_t));
            FILCH_RUN(rt, cut_together, &call);
            for (size_t i = 0; i < n; i++)
                cr_assert_eq(call.v[i] < call.pivot + call.not_after, i < call.first);
            cr_assert_eq(items_sum(call.v, n, sizeof(uint32_t)), sum);
            free(call.v);
        }
        OK(filch_runtime_destroy(rt));
    }
}

/* ---- What is refused ---- */

FILCH_TASK(int, sort_nowhere, (uint32_t *, v), (size_t, n))
{
    return sort_u32(self, v, n);
}

Test(par_sort, mistakes_are_refused)
{
    unsigned char mask = 1, v[2] = {2, 1};
    filch_runtime *rt = par_runtime(1);
    cr_assert_eq(FILCH_RUN(rt, sort_u32, NULL, 1), -EINVAL);
    cr_assert_eq(FILCH_RUN(rt, sort_nowhere, NULL, 3), -EINVAL);
    cr_assert_eq(FILCH_RUN(rt, sort_nowhere, NULL, 0), 0);
    cr_assert_eq(FILCH_RUN(rt, sort_u32, NULL, 0), 0);
    cr_assert_eq(FILCH_RUN(rt, sort_u32, (uint32_t *)v, SIZE_MAX / 2), -EINVAL);
    cr_assert_eq(par_sort(rt, v, 2, 1, NULL, NULL), -EINVAL);
    cr_assert_eq(par_sort(rt, v, 2, 0, masked_less, &mask), -EINVAL);
    cr_assert_eq(par_sort(rt, v, 2, FILCH_ITEM_MOST + 1, masked_less, &mask), -EINVAL);
    cr_assert_eq(par_sort(rt, NULL, 2, 1, masked_less, &mask), -EINVAL);
    cr_assert_eq(v[0], 2);
    OK(filch_runtime_destroy(rt));
}
