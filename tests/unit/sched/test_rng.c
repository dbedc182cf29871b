/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <sched/rng.h>
#include <tests/support/test.h>

Test(rng, numbers_below_n_cover_range)
{
    static const uint32_t sizes[] = {1, 2, 3, 7, 64, 1023};
    uint64_t state = fl_rng_seed(42, 0);
    for (unsigned s = 0; s < sizeof sizes / sizeof sizes[0]; s++) {
        unsigned seen[1023] = {0}, kinds = 0;
        for (uint32_t i = 0; i < 100 * sizes[s]; i++) {
            uint32_t n = fl_rng_below(&state, sizes[s]);
            cr_assert_lt(n, sizes[s]);
            kinds += !seen[n]++;
        }
        cr_assert_eq(kinds, sizes[s]);
    }
}

Test(rng, same_seed_same_numbers)
{
    uint64_t a = fl_rng_seed(7, 3), b = fl_rng_seed(7, 3);
    for (int i = 0; i < 100; i++)
        cr_assert_eq(fl_rng_next(&a), fl_rng_next(&b));
}

Test(rng, streams_start_apart_and_nonzero)
{
    enum { STREAMS = 1024, SEEDS = 3 };
    static uint64_t starts[SEEDS * STREAMS];
    static const uint64_t seeds[SEEDS] = {0, 1, UINT64_MAX};
    unsigned count = 0;
    for (unsigned s = 0; s < SEEDS; s++)
        for (uint64_t i = 0; i < STREAMS; i++) {
            starts[count] = fl_rng_seed(seeds[s], i);
            cr_assert_neq(starts[count], 0);
            /* Seed UINT64_MAX is one before seed 0: streams are a golden ratio apart, so they stay
             * distinct. */
            for (unsigned k = 0; k < count; k++)
                cr_assert_neq(starts[k], starts[count]);
            count++;
        }
}
