/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <criterion/criterion.h>
#include <math.h>
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

Test(statistics, interval_holds_the_median_and_lies_within_the_samples)
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

Test(statistics, interval_of_equal_samples_is_a_point)
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

/* The median of a uniform sample of 0 .. 1 lies at 0.5: intervals of many samples must hold it
 * about 95 times of 100. */
Test(statistics, interval_holds_the_truth_as_often_as_it_says)
{
    unsigned state = 1;
    int held = 0;
    for (int round = 0; round < 400; round++) {
        double values[25];
        for (int i = 0; i < 25; i++) {
            state = state * 1664525u + 1013904223u;
            values[i] = state / 4294967296.0;
        }
        estimate e = estimate_of(values, 25);
        held += e.low <= 0.5 && 0.5 <= e.high;
    }
    cr_expect(held >= 360 && held <= 395, "%d of 400", held);
}

Test(statistics, ratios_are_taken_pair_by_pair)
{
    /* The machine was ten times slower in the second round: no ratio shows it. */
    const double above[] = {2, 20, 2}, below[] = {1, 10, 1};
    estimate e = estimate_of_ratio(above, below, 3);
    cr_expect(near(e.low, 2) && near(e.median, 2) && near(e.high, 2));
}

Test(statistics, a_difference_is_an_interval_without_one)
{
    cr_expect(differs_from_one((estimate){2, 1.5, 3}));
    cr_expect(differs_from_one((estimate){0.5, 0.3, 0.9}));
    cr_expect_not(differs_from_one((estimate){1.1, 0.9, 1.3}));
    cr_expect_not(differs_from_one((estimate){1.1, 1, 1.3}));
}

Test(statistics, geometric_mean_treats_gain_and_loss_alike)
{
    const double values[] = {4, 0.25, 8};
    cr_expect(near(geometric_mean(values, 3), 2));
}
