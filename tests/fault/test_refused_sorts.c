/* SPDX-License-Identifier: MIT OR Apache-2.0
 * test: needs refusals
 *
 * Stable and radix sorts to which memory is refused, at first or after a while: they sort all the same,
 * and keep equal items in their order. */
#include <filch/filch.h>
#include <filch/sort.h>
#include <tests/support/par.h>
#include <tests/support/refuse.h>
#include <tests/support/test.h>
#include <urcu-bp.h>

/* `asks`, an expression of at and shape: more than a page of items cannot be sorted without a
 * refusal. */
#define SORTING_REFUSED(sort, type, asks)                                                          \
    static void sort##_refused(filch_runtime *rt, size_t n, int64_t at, item_shape shape,          \
                               uint64_t *state)                                                    \
    {                                                                                              \
        type *v = malloc(n * sizeof *v + 1);                                                       \
        for (size_t i = 0; i < n; i++)                                                             \
            v[i] = (type){.key = item_key(shape, i, n, state), .index = i};                        \
        const uint64_t sum = items_sum(v, n, sizeof *v);                                           \
        refuse(MEMORY, at, true);                                                                  \
        int rc = FILCH_RUN(rt, sort, v, n);                                                        \
        const int64_t refused = refuse_no_more(MEMORY);                                            \
        cr_assert_eq(rc, 0);                                                                       \
        if ((asks) && n * sizeof *v > 4096)                                                        \
            cr_assert_gt(refused, 0);                                                              \
        cr_assert_eq(items_sum(v, n, sizeof *v), sum);                                             \
        for (size_t i = 1; i < n; i++)                                                             \
            cr_assert(v[i - 1].key < v[i].key ||                                                   \
                      (v[i - 1].key == v[i].key && v[i - 1].index < v[i].index));                  \
        free(v);                                                                                   \
    }

FILCH_SORT_STABLE(stable_16, record16, ITEM_LESS)
FILCH_SORT_STABLE(stable_256, record256, ITEM_LESS)
FILCH_SORT_STABLE(sort_whims, uint64_t, less_by_whim)
FILCH_RADIX_SORT(radix_16, record16, ITEM_KEY)
FILCH_RADIX_SORT(radix_256, record256, ITEM_KEY)

SORTING_REFUSED(stable_16, record16, shape == RANDOM)
SORTING_REFUSED(stable_256, record256, shape == RANDOM)
SORTING_REFUSED(radix_16, record16, at == 0)
SORTING_REFUSED(radix_256, record256, at == 0)

typedef struct sorting {
    void (*sort)(filch_runtime *rt, size_t n, int64_t at, item_shape shape, uint64_t *state);
    size_t most;
    unsigned later; /* kinds of refusals after the first request; 0: from the first one on */
} sorting;

static void sort_each(const sorting both[2], unsigned times)
{
    uint64_t state = stress_seed();
    for (unsigned w = 0; w < PAR_RUNTIMES; w++) {
        filch_runtime *rt = par_runtime(config_workers[w]);
        for (unsigned left = stress_times(times); left; left--)
            for (unsigned shape = 0; shape < ITEM_SHAPES; shape++)
                for (const sorting *one = both; one < both + 2; one++)
                    one->sort(rt, par_size(&state, one->most),
                              one->later ? 1 + (int64_t)left % one->later : 0, shape, &state);
        OK(filch_runtime_destroy(rt));
    }
}

Test(refused_sorts, a_stable_sort_is_in_place)
{
    sort_each((sorting[]){{stable_16_refused, 100000, 0}, {stable_256_refused, 10000, 0}}, 4);
}

Test(refused_sorts, a_radix_sort_is_in_place)
{
    sort_each((sorting[]){{radix_16_refused, 50000, 0}, {radix_256_refused, 5000, 0}}, 3);
}

Test(refused_sorts, later_radix_sorts_take_smaller_digits)
{
    sort_each((sorting[]){{radix_16_refused, 300000, 3}, {radix_256_refused, 20000, 1}}, 3);
}

static unsigned came(const char *item)
{
    unsigned which;
    memcpy(&which, item + 900, sizeof which);
    return which;
}

Test(refused_sorts, items_of_any_size_are_sorted)
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
    int rc = par_radix_sort(rt, v, N, SIZE, 7, 1, FILCH_RADIX_SIGNED);
    cr_assert_gt(refuse_no_more(MEMORY), 0);
    cr_assert_eq(rc, 0);
    for (unsigned i = 1; i < N; i++)
        cr_assert(v[i - 1][7] < v[i][7] || (v[i - 1][7] == v[i][7] && came(v[i - 1]) < came(v[i])));
    OK(filch_runtime_destroy(rt));
}

Test(refused_sorts, items_without_order_are_kept)
{
    uint64_t state = stress_seed();
    filch_runtime *rt = par_runtime(8);
    for (unsigned times = stress_times(20); times; times--) {
        size_t n = par_size(&state, 100000);
        uint64_t *v = malloc(n * sizeof *v + 1);
        for (size_t i = 0; i < n; i++)
            v[i] = par_random(&state);
        const uint64_t sum = items_sum(v, n, sizeof *v);
        refuse(MEMORY, 0, true);
        int rc = FILCH_RUN(rt, sort_whims, v, n);
        refuse_no_more(MEMORY);
        cr_assert_eq(rc, 0);
        cr_assert_eq(items_sum(v, n, sizeof *v), sum);
        free(v);
    }
    OK(filch_runtime_destroy(rt));
}

static int64_t held_after_a_life(uint64_t *v, size_t n, uint64_t *state)
{
    filch_runtime *rt = par_runtime(2);
    for (unsigned round = 0; round < 3; round++) {
        for (size_t i = 0; i < n; i++)
            v[i] = par_random(state);
        cr_assert_eq(FILCH_RUN(rt, sort_whims, v, n), 0);
    }
    OK(filch_runtime_destroy(rt));
    urcu_bp_barrier(); /* deques that grew leave their old buffers to it */
    return blocks;
}

Test(refused_sorts, nothing_is_held_afterwards)
{
    enum { N = 1 << 20 }; /* of 8 bytes: such a block is aligned to huge pages */
    uint64_t *v = malloc(N * sizeof *v), state = stress_seed();
    held_after_a_life(v, 100000, &state); /* the topology and liburcu's thread stay */
    int64_t before = blocks;
    cr_assert_eq(held_after_a_life(v, 100000, &state), before);
    cr_assert_eq(held_after_a_life(v, N, &state), before);
    free(v);
}
