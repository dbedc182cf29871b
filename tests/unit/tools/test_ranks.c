/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* test: absent in tsan (one thread); needs filch_shared_parts */
#include <math.h>
#include <tests/support/test.h>
#include <tools/shared/random.h>
#include <tools/shared/ranks.h>
#include <tools/shared/statistics.h>

static bool near(double a, double b, double part)
{
    return fabs(a - b) <= part * fabs(b);
}

/* M. Hollander and D. A. Wolfe: Nonparametric statistical methods, 1973: nine patients before and
 * after (p. 29), and the permeability of membranes at two ages (p. 69). */
Test(ranks, published_examples_have_their_p)
{
    const double before[] = {1.83, 0.50, 1.62, 2.48, 1.68, 1.88, 1.55, 3.06, 1.30};
    const double after[] = {0.878, 0.647, 0.598, 2.05, 1.06, 1.29, 1.06, 3.14, 1.29};
    double differences[9];
    for (int i = 0; i < 9; i++)
        differences[i] = before[i] - after[i];
    cr_expect(near(p_of_signs(differences, 9), 2 * 0.01953125, 1e-9));
    const double term[] = {0.80, 0.83, 1.89, 1.04, 1.45, 1.38, 1.91, 1.64, 0.73, 1.46};
    const double young[] = {1.15, 0.88, 0.90, 0.74, 1.21};
    cr_expect(near(p_of_groups(term, 10, young, 5), 2 * 0.1272061272, 1e-6));
    cr_expect(near(p_of_groups(young, 5, term, 10), 2 * 0.1272061272, 1e-6));
}

Test(ranks, unanimous_pairs_have_exact_p)
{
    const double above[] = {2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
    const double below[] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1};
    cr_expect(near(p_of_pairs(above, below, 11), 2 / 2048., 1e-9));
    cr_expect(near(p_of_pairs(below, above, 11), 2 / 2048., 1e-9));
    cr_expect(near(p_of_pairs(above, below, 1), 1, 1e-9));
}

Test(ranks, disjoint_groups_have_least_p)
{
    const double low[] = {1, 2, 3, 4}, high[] = {11, 12, 13, 14};
    cr_expect(near(p_of_groups(low, 4, high, 4), 2 / 70., 1e-9));
    cr_expect(near(p_least_of_groups(4, 4), 2 / 70., 1e-9));
    cr_expect(near(p_least_of_groups(3, 3), 0.1, 1e-9));
    cr_expect(near(p_least_of_groups(1, 1), 1, 1e-9));
}

/* Of 3 and 2 values, 1 2 2 and 2 3: ten choices of the first; the mean ranks are 1 3 3 3 5. The sum
 * of the first is 7 in 3 choices, 9 in 4, 11 in 3. */
Test(ranks, ties_share_mean_rank)
{
    const double one[] = {1, 2, 2}, other[] = {2, 3};
    cr_expect(near(p_of_groups(one, 3, other, 2), 2 * 3 / 10., 1e-9));
    const double signs[] = {1, -1, 1}; /* sums 0 2 4 6: 1 3 3 1 ways */
    cr_expect(near(p_of_signs(signs, 3), 1, 1e-9));
}

Test(ranks, what_is_equal_differs_by_chance)
{
    const double same[] = {3, 3, 3, 3, 3, 3};
    cr_expect(near(p_of_groups(same, 3, same, 6), 1, 1e-9));
    cr_expect(near(p_of_pairs(same, same, 6), 1, 1e-9));
    double many[100];
    for (int i = 0; i < 100; i++)
        many[i] = 1;
    cr_expect(near(p_of_groups(many, 100, many, 100), 1, 1e-9));
    cr_expect(near(p_of_pairs(many, many, 100), 1, 1e-9));
}

/* One hundred ranks, of which those that three does not divide are positive: their sum is 3367, the
 * expected one 2525, its variance 100 * 101 * 201 / 24. Of two groups, 31 .. 80 and the rest: 2775,
 * 2525 and 50 * 50 * 101 / 12. */
Test(ranks, many_values_use_normal_distribution)
{
    double signs[100], middle[50], rest[50];
    for (int i = 1; i <= 100; i++)
        signs[i - 1] = i % 3 ? i : -i;
    cr_expect(near(p_of_signs(signs, 100), erfc(841.5 / sqrt(2 * 84587.5)), 1e-9));
    for (int i = 0; i < 50; i++) {
        middle[i] = 31 + i;
        rest[i] = i < 30 ? 1 + i : 51 + i;
    }
    double expected = erfc(249.5 / sqrt(2 * 50 * 50 * 101 / 12.0));
    cr_expect(near(p_of_groups(middle, 50, rest, 50), expected, 1e-9));
}

Test(ranks, nothing_is_impossible)
{
    static double low[STATISTICS_MOST], high[STATISTICS_MOST];
    for (int i = 0; i < STATISTICS_MOST; i++) {
        low[i] = 1 + i;
        high[i] = 2000 + i;
    }
    double p = p_of_groups(low, STATISTICS_MOST, high, STATISTICS_MOST);
    cr_expect(p > 0 && p < 1e-300, "%g", p);
}

Test(ranks, chance_is_significant_one_in_twenty)
{
    uint64_t random = 5;
    int groups = 0, pairs = 0, many = 0;
    for (int round = 0; round < 1000; round++) {
        double a[60], b[60];
        for (int i = 0; i < 60; i++) {
            a[i] = 1 + random_share(&random);
            b[i] = 1 + random_share(&random);
        }
        groups += p_of_groups(a, 8, b, 8) <= 0.05;
        pairs += p_of_pairs(a, b, 11) <= 0.05;
        many += p_of_groups(a, 60, b, 60) <= 0.05;
    }
    cr_expect(groups >= 25 && groups <= 70, "%d", groups);
    cr_expect(pairs >= 25 && pairs <= 70, "%d", pairs);
    cr_expect(many >= 25 && many <= 70, "%d", many);
}
