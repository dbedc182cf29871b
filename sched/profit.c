/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <sched/profit.h>

static int64_t clamp(int64_t value, int64_t least, int64_t most)
{
    return value < least ? least : value > most ? most : value;
}

static int64_t gain_of(int64_t time, int64_t tasks, bool switched)
{
    if (tasks > 1)
        return time - FL_PROFIT_COST - FL_PROFIT_COST_MANY * tasks;
    return switched ? FL_PROFIT_MOST : time - FL_PROFIT_COST;
}

void fl_profit_init(fl_profit *profit)
{
    *profit = (fl_profit){.most = 1};
}

void fl_profit_gift(fl_profit *profit, int64_t time, int64_t tasks, bool switched)
{
    int64_t gain = gain_of(time, tasks, switched);
    /* Bounded before adding, too: a gift may have run for hours. */
    profit->credit = clamp(profit->credit + clamp(gain, -FL_PROFIT_MOST, FL_PROFIT_MOST),
                           FL_PROFIT_LEAST, FL_PROFIT_MOST);
    if (gain >= 0)
        profit->nap = 0;
    if (switched && tasks == 1)
        return;
    bool long_enough = time >= tasks * (profit->nap ? FL_PROFIT_COST : FL_PROFIT_COST_MANY);
    profit->most =
        long_enough ? (uint32_t)clamp(profit->most * FL_PROFIT_GROWTH, 1, FL_PROFIT_TASKS) : 1;
}

int64_t fl_profit_nap(fl_profit *profit)
{
    if (fl_profit_allows(profit))
        return 0;
    profit->nap =
        profit->nap ? clamp(2 * profit->nap, 0, FL_PROFIT_NAP_LONGEST) : FL_PROFIT_NAP_FIRST;
    profit->credit = FL_PROFIT_AFTER_NAP;
    return profit->nap;
}
