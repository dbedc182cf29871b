/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* test: absent in tsan (one thread); needs filch_tune_parts */
#include <stdbool.h>
#include <tests/support/test.h>
#include <tools/tune/arrivals.h>
#include <tools/tune/fit.h>

static bool near(double a, double b)
{
    return fabs(a - b) <= 1e-9 * fmax(fabs(b), 1);
}

Test(tune_fit, amdahl_speedup_spans_one_to_n)
{
    cr_expect(near(amdahl_speed_up(1, 64), 1));
    cr_expect(near(amdahl_speed_up(0, 64), 64));
    cr_expect(near(amdahl_speed_up(0.5, 2), 4.0 / 3));
}

Test(tune_fit, fit_recovers_serial_share)
{
    const double n[] = {1, 2, 4, 8, 32}, shares[] = {0, 0.01, 0.05, 0.3, 1};
    for (int s = 0; s < 5; s++) {
        double gains[5];
        for (int i = 0; i < 5; i++)
            gains[i] = amdahl_speed_up(shares[s], n[i]);
        amdahl a = amdahl_fit(n, gains, 5);
        cr_expect(near(a.serial, shares[s]), "%g instead of %g", a.serial, shares[s]);
        cr_expect(near(a.residual, 0));
    }
}

Test(tune_fit, fit_lies_between_contradicting_points)
{
    const double n[] = {2, 2}, gains[] = {amdahl_speed_up(0.1, 2), amdahl_speed_up(0.3, 2)};
    amdahl a = amdahl_fit(n, gains, 2);
    cr_expect(near(a.serial, 0.2), "%g", a.serial);
    cr_expect(a.residual > 0.05 && a.residual < 0.2, "%g", a.residual);
}

Test(tune_fit, residual_is_distance_from_fit)
{
    /* More than n is no serial share below 0: the fit stays at n, and a tenth above it. */
    const double n[] = {2, 4}, gains[] = {2.2, 4.4};
    amdahl a = amdahl_fit(n, gains, 2);
    cr_expect(near(a.serial, 0));
    cr_expect(near(a.residual, 0.1), "%g", a.residual);
    const double losses[] = {0.5, 0.5}; /* slower than one: all of it is serial */
    cr_expect(near(amdahl_fit(n, losses, 2).serial, 1));
}

Test(tune_fit, one_worker_reveals_no_serial_share)
{
    const double n[] = {1, 1}, gains[] = {1, 1.1};
    cr_expect(near(amdahl_fit(n, gains, 2).serial, 0));
    cr_expect(near(amdahl_fit(n, gains, 0).residual, 0));
}

Test(tune_fit, load_is_named_by_main_activity)
{
    cr_expect_eq(load_kind_of(1), LOAD_CPU_BOUND);
    cr_expect_eq(load_kind_of(0.8), LOAD_CPU_BOUND);
    cr_expect_eq(load_kind_of(0.5), LOAD_MIXED);
    cr_expect_eq(load_kind_of(0.2), LOAD_IO_BOUND);
    cr_expect_eq(load_kind_of(0), LOAD_IO_BOUND);
}

Test(tune_fit, waiting_jobs_leave_room_for_others)
{
    cr_expect(near(width_that_fills(4, 1, 1000), 4));
    cr_expect(near(width_that_fills(4, 0.1, 1000), 40));
    cr_expect(near(width_that_fills(4, 0.001, 1000), 1000), "at most what is allowed");
    cr_expect(near(width_that_fills(4, 0, 1000), 1000));
    cr_expect(near(width_that_fills(4, 1.1, 1000), 4), "no job computes more than all the time");
}

Test(tune_fit, knee_is_first_near_best)
{
    const double rises[] = {1, 2, 3, 4}, flattens[] = {1, 2, 2.05, 2.1}, falls[] = {3, 2, 1};
    cr_expect_eq(knee_of(rises, 4, 0.05), 3);
    cr_expect_eq(knee_of(flattens, 4, 0.05), 1);
    cr_expect_eq(knee_of(falls, 3, 0.05), 0);
    cr_expect_eq(knee_of(rises, 1, 0.05), 0);
}

Test(tune_fit, search_without_match_returns_end)
{
    const double shares[] = {0.5, 0.1, 0.01, 0};
    cr_expect_eq(first_at_most(shares, 4, 0.01), 2);
    cr_expect_eq(first_at_most(shares, 4, 1), 0);
    cr_expect_eq(first_at_most(shares, 2, 0.01), 2);
}

Test(tune_fit, littles_law_compares_both_sides)
{
    cr_expect(near(little_difference(4, 1000, 0.004), 0));
    cr_expect(near(little_difference(5, 1000, 0.004), 0.25));
    cr_expect(near(little_difference(3, 1000, 0.004), 0.25));
    cr_expect(near(little_difference(0, 0, 0), 0));
    cr_expect(isinf(little_difference(1, 0, 0)));
}

Test(tune_fit, quantiles_are_values_that_occurred)
{
    double values[100], few[] = {3, 1, 2};
    for (int i = 0; i < 100; i++)
        values[i] = (i * 37) % 100 + 1;
    cr_expect(near(quantile_of(values, 100, 0.5), 50));
    cr_expect(near(quantile_of(values, 100, 0.99), 99));
    cr_expect(near(quantile_of(values, 100, 1), 100));
    cr_expect(near(quantile_of(values, 100, 0), 1));
    cr_expect(near(quantile_of(few, 3, 0.99), 3));
    cr_expect(near(quantile_of(few, 0, 0.5), 0));
}

Test(tune_fit, spread_is_median_and_range)
{
    const double values[] = {4, 1, 7}, below[] = {2, 1, 7};
    spread s = spread_of(values, 3), ratio = spread_of_ratio(values, below, 3);
    cr_expect(near(s.median, 4) && near(s.min, 1) && near(s.max, 7));
    cr_expect(near(spread_width(s), 1.5));
    cr_expect(near(ratio.median, 1) && near(ratio.min, 1) && near(ratio.max, 2));
    cr_expect(near(spread_width((spread){0, 0, 0}), 0));
}

Test(tune_fit, arrivals_follow_rate_and_are_independent)
{
    enum { GAPS = 100000 };
    arrivals a = {1, 1000}, again = {1, 1000}, other = {2, 1000};
    double sum = 0, squares = 0, products = 0, before = 0;
    cr_expect(near(arrivals_gap(&again), arrivals_gap(&a)), "a seed is a stream");
    cr_expect_not(near(arrivals_gap(&other), arrivals_gap(&a)), "another seed is another");
    for (int i = 0; i < GAPS; i++) {
        double gap = arrivals_gap(&a) * 1e-6; /* in its mean */
        cr_expect(gap > 0);
        sum += gap;
        squares += gap * gap;
        products += gap * before;
        before = gap;
    }
    cr_expect(fabs(sum / GAPS - 1) < 0.02, "mean %g", sum / GAPS);
    cr_expect(fabs(squares / GAPS - 2) < 0.1, "an exponential's mean square is 2: %g",
              squares / GAPS);
    cr_expect(fabs(products / GAPS - 1) < 0.05, "neighbours know nothing of each other: %g",
              products / GAPS);
}
