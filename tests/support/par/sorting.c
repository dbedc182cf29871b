/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <tests/support/par.h>
#include <tests/support/test.h>

/* ---- Every type in every order, and every small number ---- */

void sorting_sorts(sorting_check *const check[SORTING_TYPES])
{
    uint64_t state = stress_seed();
    for (unsigned k = 0; k < PAR_RUNTIMES; k++) {
        filch_runtime *rt = par_runtime(config_workers[k]);
        for (unsigned times = stress_times(15); times; times--)
            for (unsigned t = 0; t < SORTING_TYPES; t++) {
                item_shape shape = par_random(&state) % ITEM_SHAPES;
                check[t](rt, par_size(&state, t < 6 ? 1000000 : 50000), shape, &state);
            }
        OK(filch_runtime_destroy(rt));
    }
}

void sorting_sorts_few(sorting_check *const check[SORTING_TYPES])
{
    uint64_t state = stress_seed();
    filch_runtime *rt = par_runtime(2);
    for (size_t n = 0; n < 300; n += BUILD_TSAN ? 11 : n < 70 ? 1 : 13)
        for (unsigned t = 0; t < SORTING_TYPES; t++)
            for (unsigned shape = 0; shape < ITEM_SHAPES; shape++)
                check[t](rt, n, shape, &state);
    OK(filch_runtime_destroy(rt));
}

/* ---- From tasks, with arguments ---- */

void sorting_sorts_by_weight(sorting_both *sort, bool stable)
{
    static double weight[SORTING_HALF];
    static uint32_t v[2 * SORTING_HALF];
    uint64_t state = stress_seed();
    for (unsigned w = 0; w < PAR_RUNTIMES; w++) {
        for (uint32_t i = 0; i < SORTING_HALF; i++) {
            weight[i] = 1 + (double)(par_random(&state) % 1000);
            v[i] = v[i + SORTING_HALF] = i;
        }
        filch_runtime *rt = par_runtime(config_workers[w]);
        cr_assert_eq(sort(rt, v, weight), 0);
        OK(filch_runtime_destroy(rt));
        for (uint32_t i = 1; i < SORTING_HALF; i++) {
            const uint32_t *up = v + i, *down = v + SORTING_HALF + i;
            cr_assert(i == 20 || weight[up[-1]] < weight[*up] ||
                      (weight[up[-1]] == weight[*up] && (!stable || up[-1] < *up)));
            cr_assert(weight[down[-1]] > weight[*down] ||
                      (weight[down[-1]] == weight[*down] && (!stable || down[-1] < *down)));
        }
    }
}

/* ---- Comparisons that are no order ---- */

void sorting_keeps_items(sorting_fn *const *sort, unsigned sorts)
{
    uint64_t state = stress_seed();
    for (unsigned k = 0; k < PAR_RUNTIMES; k++) {
        filch_runtime *rt = par_runtime(config_workers[k]);
        for (unsigned times = stress_times(8); times; times--)
            for (unsigned s = 0; s < sorts; s++) {
                size_t n = par_size(&state, 200000);
                uint64_t *v = malloc(n * sizeof *v + 1);
                for (size_t i = 0; i < n; i++)
                    v[i] = par_random(&state);
                const uint64_t sum = items_sum(v, n, sizeof *v);
                cr_assert_eq(sort[s](rt, v, n), 0);
                cr_assert_eq(items_sum(v, n, sizeof *v), sum, "comparison %u, %zu items", s, n);
                free(v);
            }
        OK(filch_runtime_destroy(rt));
    }
}

void sorting_keeps_nan(int (*sort)(filch_runtime *rt, double *v, size_t n))
{
    enum { N = 50000 };
    static double v[N];
    uint64_t state = stress_seed();
    for (size_t i = 0; i < N; i++)
        v[i] = par_random(&state) % 10 ? (double)par_random(&state) : NAN;
    const uint64_t sum = items_sum(v, N, sizeof *v);
    filch_runtime *rt = par_runtime(2);
    cr_assert_eq(sort(rt, v, N), 0);
    cr_assert_eq(items_sum(v, N, sizeof *v), sum);
    OK(filch_runtime_destroy(rt));
}

/* ---- How many comparisons ---- */

bool less_counted(uint32_t a, uint32_t b, uint64_t *count)
{
    ++*count;
    return a < b;
}

bool less_for_worse(uint32_t a, uint32_t b, adversary *foe)
{
    uint32_t *const value = foe->value, gas = foe->gas;
    foe->count++;
    if (value[a] == gas && value[b] == gas)
        value[a == foe->candidate ? a : b] = foe->solid++;
    if (value[a] == gas)
        foe->candidate = a;
    else if (value[b] == gas)
        foe->candidate = b;
    return value[a] < value[b];
}
