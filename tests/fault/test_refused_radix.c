/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Radix sorts to which memory is refused, at first or after a while: they sort all the same, and
 * keep equal items in their order. */
#include <criterion/criterion.h>
#include <filch/filch.h>
#include <filch/radix.h>
#include <tests/support/sorting_refused.h>

#define KEY_OF(item) (item).key
FILCH_RADIX_SORT(sort_16, record16, KEY_OF)
FILCH_RADIX_SORT(sort_256, record256, KEY_OF)

SORTING_REFUSED(sort_16, record16, at == 0)
SORTING_REFUSED(sort_256, record256, at == 0)

Test(refused_radix, without_memory_it_sorts_in_place)
{
    uint64_t state = stress_seed();
    for (unsigned w = 0; w < PAR_RUNTIMES; w++) {
        filch_runtime *rt = par_runtime(par_workers[w]);
        for (unsigned times = stress_times(3); times; times--)
            for (unsigned shape = 0; shape < ITEM_SHAPES; shape++) {
                sort_16_refused(rt, par_size(&state, 50000), 0, shape, &state);
                sort_256_refused(rt, par_size(&state, 5000), 0, shape, &state);
            }
        cr_assert_eq(filch_runtime_destroy(rt), 0);
    }
}

Test(refused_radix, without_memory_to_count_it_takes_smaller_digits)
{
    uint64_t state = stress_seed();
    for (unsigned w = 0; w < PAR_RUNTIMES; w++) {
        filch_runtime *rt = par_runtime(par_workers[w]);
        for (unsigned times = stress_times(3); times; times--)
            for (unsigned shape = 0; shape < ITEM_SHAPES; shape++) {
                sort_16_refused(rt, par_size(&state, 300000), 1 + (int64_t)times % 3, shape,
                                &state);
                sort_256_refused(rt, par_size(&state, 20000), 1, shape, &state);
            }
        cr_assert_eq(filch_runtime_destroy(rt), 0);
    }
}

static unsigned came(const char *item)
{
    unsigned which;
    memcpy(&which, item + 900, sizeof which);
    return which;
}

Test(refused_radix, without_memory_items_of_any_size_are_sorted)
{
    enum { SIZE = 1001, N = 300 };
    static char v[N][SIZE];
    uint64_t state = stress_seed();
    filch_runtime *rt = par_runtime(2);
    for (unsigned i = 0; i < N; i++) {
        v[i][7] = (char)(par_random(&state) % 20);
        memcpy(v[i] + 900, &i, sizeof i);
    }
    refuse(MEMORY, 0, true);
    int rc = filch_run_radix_sort(rt, v, N, SIZE, 7, 1, FILCH_RADIX_SIGNED);
    cr_assert_gt(refuse_no_more(MEMORY), 0);
    cr_assert_eq(rc, 0);
    for (unsigned i = 1; i < N; i++)
        cr_assert(v[i - 1][7] < v[i][7] || (v[i - 1][7] == v[i][7] && came(v[i - 1]) < came(v[i])));
    cr_assert_eq(filch_runtime_destroy(rt), 0);
}
