/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <sched/profit.h>
#include <tests/support/test.h>

Test(profit, new_thief_wants_one_without_napping)
{
    fl_profit profit;
    fl_profit_init(&profit);
    cr_assert_eq(fl_profit_nap(&profit), 0);
    cr_assert_eq(profit.most, 1);
}

Test(profit, gifts_grow_while_tasks_are_long)
{
    fl_profit profit;
    fl_profit_init(&profit);
    fl_profit_gift(&profit, FL_PROFIT_COST, 1, false);
    cr_assert_eq(profit.most, FL_PROFIT_GROWTH);
    cr_assert_eq(profit.credit, 0);
    for (int i = 0; i < 10; i++)
        fl_profit_gift(&profit, 10 * FL_PROFIT_COST_MANY, 10, false);
    cr_assert_eq(profit.most, FL_PROFIT_TASKS);
    fl_profit_gift(&profit, 10 * FL_PROFIT_COST_MANY - 1, 10, false);
    cr_assert_eq(profit.most, 1, "one nanosecond short");
}

Test(profit, single_task_between_naps_must_pay)
{
    fl_profit profit = {.nap = FL_PROFIT_NAP_FIRST, .most = 1};
    fl_profit_gift(&profit, FL_PROFIT_COST - 1, 1, false);
    cr_assert_eq(profit.most, 1);
    fl_profit_gift(&profit, FL_PROFIT_COST, 1, false);
    cr_assert_eq(profit.most, FL_PROFIT_GROWTH);
}

Test(profit, credit_stays_within_bounds)
{
    fl_profit profit;
    fl_profit_init(&profit);
    fl_profit_gift(&profit, INT64_MAX / 2, 1, false);
    cr_assert_eq(profit.credit, FL_PROFIT_MOST);
    for (int i = 0; i < 1000; i++)
        fl_profit_gift(&profit, 0, 1000000, false);
    cr_assert_eq(profit.credit, FL_PROFIT_LEAST);
}

Test(profit, switched_single_task_always_pays)
{
    fl_profit profit = {.credit = FL_PROFIT_LEAST, .nap = FL_PROFIT_NAP_FIRST, .most = 1};
    fl_profit_gift(&profit, 0, 1, true);
    cr_assert_eq(profit.credit, FL_PROFIT_LEAST + FL_PROFIT_MOST);
    cr_assert_eq(profit.nap, 0);
    cr_assert_eq(profit.most, 1, "but tells nothing of the size of tasks");
}

Test(profit, tiny_tasks_never_pay_despite_waiting)
{
    fl_profit profit = {.most = FL_PROFIT_TASKS};
    fl_profit_gift(&profit, 1000 * FL_PROFIT_COST_MANY / 2, 1000, true);
    cr_assert_eq(profit.credit, FL_PROFIT_LEAST);
    cr_assert_eq(profit.most, 1);
}

Test(profit, thief_naps_only_below_threshold)
{
    fl_profit profit = {.credit = FL_PROFIT_NAP_BELOW};
    cr_assert_eq(fl_profit_nap(&profit), 0);
    profit.credit--;
    cr_assert_eq(fl_profit_nap(&profit), FL_PROFIT_NAP_FIRST);
    cr_assert_eq(profit.credit, FL_PROFIT_AFTER_NAP);
    cr_assert_eq(fl_profit_nap(&profit), 0, "it may steal again");
}

Test(profit, naps_double_up_to_the_longest)
{
    fl_profit profit;
    fl_profit_init(&profit);
    int64_t expected = FL_PROFIT_NAP_FIRST;
    for (int i = 0; i < 10; i++) {
        profit.credit = FL_PROFIT_LEAST;
        cr_assert_eq(fl_profit_nap(&profit), expected);
        expected = 2 * expected < FL_PROFIT_NAP_LONGEST ? 2 * expected : FL_PROFIT_NAP_LONGEST;
    }
    cr_assert_eq(profit.nap, FL_PROFIT_NAP_LONGEST);
}

Test(profit, one_paying_gift_ends_naps)
{
    fl_profit profit = {.nap = FL_PROFIT_NAP_LONGEST, .credit = FL_PROFIT_AFTER_NAP};
    fl_profit_gift(&profit, FL_PROFIT_COST - 1, 1, false);
    cr_assert_eq(profit.nap, FL_PROFIT_NAP_LONGEST);
    fl_profit_gift(&profit, FL_PROFIT_COST, 1, false);
    cr_assert_eq(profit.nap, 0);
    profit.credit = FL_PROFIT_LEAST;
    cr_assert_eq(fl_profit_nap(&profit), FL_PROFIT_NAP_FIRST);
}

Test(profit, irregular_gifts_paying_overall_never_nap)
{
    fl_profit profit;
    fl_profit_init(&profit);
    for (int i = 0; i < 1000; i++) { /* three crumbs, then a subtree */
        fl_profit_gift(&profit, i % 4 ? 12 : 4 * FL_PROFIT_COST, 1, false);
        cr_assert_eq(fl_profit_nap(&profit), 0);
    }
}
