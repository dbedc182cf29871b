/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* test: absent in tsan (one thread); needs filch_shared_parts */
#include <math.h>
#include <stdio.h>
#include <tests/support/test.h>
#include <tools/shared/random.h>
#include <tools/shared/statistics.h>

static bool near(double a, double b)
{
    return fabs(a - b) <= 1e-12 * fabs(b);
}

Test(statistics, median_needs_no_order)
{
    const double odd[] = {5, 1, 4, 2, 3}, even[] = {4, 1, 3, 2}, one[] = {7};
    cr_expect(near(median_of(odd, 5), 3));
    cr_expect(near(median_of(even, 4), 2.5));
    cr_expect(near(median_of(one, 1), 7));
}

Test(statistics, few_samples_give_their_range)
{
    const double few[] = {3, 1, 2, 9, 5};
    estimate e = estimate_of(few, STATISTICS_FEW - 1);
    cr_expect(near(e.median, 3));
    cr_expect(near(e.low, 1));
    cr_expect(near(e.high, 9));
}

Test(statistics, interval_holds_median_within_samples)
{
    double values[11];
    for (int i = 0; i < 11; i++)
        values[i] = (i * 7) % 11;
    estimate e = estimate_of(values, 11);
    cr_expect(near(e.median, 5));
    cr_expect(e.low > 0 && e.low < e.median, "low %g", e.low);
    cr_expect(e.high < 10 && e.high > e.median, "high %g", e.high);
}

Test(statistics, interval_narrows_with_more_samples)
{
    double values[400];
    for (int i = 0; i < 400; i++)
        values[i] = (i * 37) % 100;
    estimate few = estimate_of(values, 20), many = estimate_of(values, 400);
    cr_expect(many.high - many.low < few.high - few.low);
}

Test(statistics, interval_of_equal_samples_is_point)
{
    const double same[] = {2, 2, 2, 2, 2, 2, 2, 2};
    estimate e = estimate_of(same, 8);
    cr_expect(near(e.low, 2) && near(e.median, 2) && near(e.high, 2));
}

Test(statistics, interval_is_the_same_every_time)
{
    const double values[] = {1, 5, 2, 8, 3, 9, 4};
    estimate first = estimate_of(values, 7), again = estimate_of(values, 7);
    cr_expect(near(first.low, again.low) && near(first.high, again.high));
}

/* A sample as a benchmark gives it: a bell, skewed to the right; now and then a disturbance. */
static double sample_of(uint64_t *random)
{
    double bell = -6;
    for (int i = 0; i < 12; i++)
        bell += random_share(random);
    double value = exp(0.02 * bell);
    return random_below(random, 10) ? value : value * (1 + random_share(random));
}

static void fill(double *values, size_t count, uint64_t *random)
{
    for (size_t i = 0; i < count; i++)
        values[i] = sample_of(random);
}

/* The median of what sample_of gives: of 300,000 of them. */
static double true_median(void)
{
    enum { ROUNDS = 300 };
    double medians[ROUNDS], values[STATISTICS_MOST];
    uint64_t random = 7;
    for (int i = 0; i < ROUNDS; i++) {
        fill(values, STATISTICS_MOST, &random);
        medians[i] = median_of(values, STATISTICS_MOST);
    }
    return median_of(medians, ROUNDS);
}

static int of_1000_hold(size_t count, double truth)
{
    double values[STATISTICS_MOST];
    uint64_t random = 1;
    int held = 0;
    for (int round = 0; round < 1000; round++) {
        fill(values, count, &random);
        estimate e = estimate_of(values, count);
        held += e.low <= truth && truth <= e.high;
    }
    return held;
}

Test(statistics, interval_covers_truth_as_claimed)
{
    static const size_t counts[] = {7, 11, 25};
    double truth = true_median();
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        int held = of_1000_hold(counts[i], truth);
        printf("%zu values: %d\n", counts[i], held);
        cr_expect(held >= 930 && held <= 995, "%zu values: %d of 1000", counts[i], held);
    }
}

static int of_500_quotients_hold(size_t above, size_t below)
{
    double a[STATISTICS_MOST], b[STATISTICS_MOST];
    uint64_t random = 3;
    int held = 0;
    for (int round = 0; round < 500; round++) {
        fill(a, above, &random);
        fill(b, below, &random);
        for (size_t i = 0; i < above; i++)
            a[i] *= 1.3;
        estimate e = estimate_of_quotient(a, above, b, below, 1);
        held += e.low <= 1.3 && 1.3 <= e.high;
    }
    return held;
}

Test(statistics, quotient_interval_covers_truth_as_claimed)
{
    static const size_t counts[][2] = {{7, 7}, {6, 20}};
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        int held = of_500_quotients_hold(counts[i][0], counts[i][1]);
        printf("%zu and %zu values: %d\n", counts[i][0], counts[i][1], held);
        cr_expect(held >= 465 && held <= 497, "%zu and %zu values: %d of 500", counts[i][0],
                  counts[i][1], held);
    }
}

/* Ten intervals at a time: of 100 such tens, some five may have one that errs. */
Test(statistics, many_intervals_hold_the_truth_together)
{
    double a[15], b[15];
    uint64_t random = 3;
    int held = 0;
    for (int round = 0; round < 100; round++) {
        bool all = true;
        for (int i = 0; i < 10; i++) {
            fill(a, 15, &random);
            fill(b, 15, &random);
            estimate e = estimate_of_quotient(a, 15, b, 15, 10);
            all &= e.low <= 1 && 1 <= e.high;
        }
        held += all;
    }
    cr_expect(held >= 91, "%d of 100", held);
}

Test(statistics, few_samples_span_possible_quotients)
{
    const double above[] = {6, 4, 5}, below[] = {2, 1, 1, 2};
    estimate e = estimate_of_quotient(above, 3, below, 4, 1);
    cr_expect(near(e.median, 5 / 1.5));
    cr_expect(near(e.low, 2));
    cr_expect(near(e.high, 6));
}

Test(statistics, quotients_know_no_pairs)
{
    /* The same values in another order: as pairs they would differ. */
    const double above[] = {1, 2, 3, 4, 5, 6, 7, 8}, below[] = {8, 7, 6, 5, 4, 3, 2, 1};
    estimate e = estimate_of_quotient(above, 8, below, 8, 1);
    cr_expect(near(e.median, 1));
    cr_expect(e.low < 1 && e.high > 1);
}

Test(statistics, ratios_are_taken_pair_by_pair)
{
    /* The machine was ten times slower in the second round: no ratio shows it. */
    const double above[] = {2, 20, 2}, below[] = {1, 10, 1};
    estimate e = estimate_of_ratio(above, below, 3);
    cr_expect(near(e.low, 2) && near(e.median, 2) && near(e.high, 2));
}

Test(statistics, difference_means_interval_excludes_one)
{
    cr_expect(differs_from_one((estimate){2, 1.5, 3}));
    cr_expect(differs_from_one((estimate){0.5, 0.3, 0.9}));
    cr_expect_not(differs_from_one((estimate){1.1, 0.9, 1.3}));
    cr_expect_not(differs_from_one((estimate){1.1, 1, 1.3}));
}

Test(statistics, geometric_mean_balances_gain_and_loss)
{
    const double values[] = {4, 0.25, 8};
    cr_expect(near(geometric_mean(values, 3), 2));
}
