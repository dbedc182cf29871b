/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <sched/rng.h>
#include <sched/warm.h>
#include <tests/support/test.h>

enum { WAKE = FL_WARM_LEAST, SHORT = WAKE / 10, LONG = 10 * WAKE, GAPS = 10000 };

/* Sums over all gaps. */
typedef struct account {
    fl_warm warm;
    int64_t lesser, paid; /* of searching and sleeping, by one who knows the gap; by the worker */
    unsigned at_once;     /* gaps in which it slept at once */
} account;

static account account_begin(void)
{
    return (account){.warm = fl_warm_begin()};
}

static void pass_gap(account *a, int64_t gap)
{
    const int64_t searched = fl_warm_time(&a->warm);
    a->lesser += gap < WAKE ? gap : WAKE;
    a->paid += gap < searched ? gap : searched + WAKE;
    a->at_once += !searched;
    if (gap < searched)
        fl_warm_found(&a->warm, gap);
    else
        fl_warm_slept(&a->warm, gap, searched);
    cr_assert_geq(a->warm.credit, 0);
    cr_assert_leq(a->paid, 2 * a->lesser + WAKE);
}

Test(warm, short_gaps_are_searched_through)
{
    account a = account_begin();
    for (int i = 0; i < GAPS; i++)
        pass_gap(&a, SHORT);
    cr_assert_eq(a.paid, a.lesser);
}

Test(warm, long_gaps_are_slept_through)
{
    account a = account_begin();
    for (int i = 0; i < GAPS; i++)
        pass_gap(&a, LONG);
    cr_assert_eq(a.at_once, GAPS - FL_WARM_LONG);
    cr_assert_eq(a.paid, a.lesser + FL_WARM_LONG * WAKE);
}

Test(warm, a_short_gap_ends_that)
{
    account a = account_begin();
    for (int i = 0; i < GAPS; i++)
        pass_gap(&a, LONG);
    cr_assert_eq(fl_warm_time(&a.warm), 0);
    pass_gap(&a, SHORT);
    cr_assert_eq(fl_warm_time(&a.warm), WAKE);
}

Test(warm, gaps_cost_at_most_twice_minimum)
{
    for (unsigned seed = 1; seed < 50; seed++) {
        account a = account_begin();
        uint64_t rng = seed;
        for (int i = 0; i < GAPS; i++)
            pass_gap(&a, (int64_t)(fl_rng_next(&rng) % (seed * WAKE / 10)));
    }
}

/* The worst case: a short gap whenever it would sleep at once. */
Test(warm, an_adversary_gains_no_more)
{
    account a = account_begin();
    for (int i = 0; i < GAPS; i++)
        pass_gap(&a, fl_warm_time(&a.warm) ? LONG : 0);
    cr_assert_gt(a.at_once, 0);
}

Test(warm, wake_ups_are_averaged_within_bounds)
{
    account a = account_begin();
    for (int i = 0; i < GAPS; i++)
        fl_warm_woken(&a.warm, 3 * FL_WARM_LEAST);
    cr_assert_lt(llabs(a.warm.wake - 3 * FL_WARM_LEAST), FL_WARM_WEIGHT);
    for (int i = 0; i < GAPS; i++)
        fl_warm_woken(&a.warm, INT64_MAX);
    cr_assert_leq(a.warm.wake, FL_WARM_MOST);
    for (int i = 0; i < GAPS; i++)
        fl_warm_woken(&a.warm, -1);
    cr_assert_geq(a.warm.wake, FL_WARM_LEAST);
}
