/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <sched/profit.h>

static int64_t clamp(int64_t value, int64_t least, int64_t most)
{
    return value < least ? least : value > most ? most : value;
}

void fl_profit_gift(fl_profit *profit, int64_t time, int64_t tasks, bool switched)
{
    int64_t gain = switched ? FL_PROFIT_MOST : time - FL_PROFIT_COST * tasks;
    /* Bounded before adding, too: a gift may have run for hours. */
    profit->credit = clamp(profit->credit + clamp(gain, -FL_PROFIT_MOST, FL_PROFIT_MOST),
                           FL_PROFIT_LEAST, FL_PROFIT_MOST);
    profit->wants_many = gain >= 0;
    if (gain >= 0)
        profit->nap = 0;
}

int64_t fl_profit_nap(fl_profit *profit)
{
    if (profit->credit >= FL_PROFIT_NAP_BELOW)
        return 0;
    profit->nap =
        profit->nap ? clamp(2 * profit->nap, 0, FL_PROFIT_NAP_LONGEST) : FL_PROFIT_NAP_FIRST;
    profit->credit = FL_PROFIT_AFTER_NAP;
    return profit->nap;
}
