/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The stable sort without memory: it sorts in place, and keeps equal items in their order. */
#include <criterion/criterion.h>
#include <filch/filch.h>
#include <filch/sort_stable.h>
#include <tests/support/sorting_refused.h>
#include <urcu-bp.h>

#define KEY_LESS(a, b) ((a).key < (b).key)
FILCH_SORT_STABLE(sort_small, record16, KEY_LESS)
FILCH_SORT_STABLE(sort_large, record256, KEY_LESS)
FILCH_SORT_STABLE(sort_whims, uint64_t, less_by_whim)

SORTING_REFUSED(sort_small, record16, shape == RANDOM)
SORTING_REFUSED(sort_large, record256, shape == RANDOM)

Test(refused_stable, without_memory_it_sorts_in_place)
{
    uint64_t state = stress_seed();
    for (unsigned k = 0; k < PAR_RUNTIMES; k++) {
        filch_runtime *rt = par_runtime(par_workers[k]);
        for (unsigned times = stress_times(4); times; times--)
            for (unsigned shape = 0; shape < ITEM_SHAPES; shape++) {
                sort_small_refused(rt, par_size(&state, 100000), 0, shape, &state);
                sort_large_refused(rt, par_size(&state, 10000), 0, shape, &state);
            }
        cr_assert_eq(filch_runtime_destroy(rt), 0);
    }
}

Test(refused_stable, what_has_no_order_is_kept)
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
    cr_assert_eq(filch_runtime_destroy(rt), 0);
}

/* ---- What is held ---- */

static int64_t held_after_a_life(uint64_t *v, size_t n, uint64_t *state)
{
    filch_runtime *rt = par_runtime(2);
    for (unsigned round = 0; round < 3; round++) {
        for (size_t i = 0; i < n; i++)
            v[i] = par_random(state);
        cr_assert_eq(FILCH_RUN(rt, sort_whims, v, n), 0);
    }
    cr_assert_eq(filch_runtime_destroy(rt), 0);
    urcu_bp_barrier(); /* deques that grew leave their old buffers to it */
    return blocks;
}

Test(refused_stable, nothing_is_held_afterwards)
{
    enum { N = 1 << 20 }; /* of 8 bytes: such a block is aligned to huge pages */
    uint64_t *v = malloc(N * sizeof *v), state = stress_seed();
    held_after_a_life(v, 100000, &state); /* the topology and liburcu's thread stay */
    int64_t before = blocks;
    cr_assert_eq(held_after_a_life(v, 100000, &state), before);
    cr_assert_eq(held_after_a_life(v, N, &state), before);
    free(v);
}
