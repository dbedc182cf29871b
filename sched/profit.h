/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Does stealing pay? A gift costs thief and owner about a quarter of a microsecond together, and
 * each task in a gift of many about 80 ns. The thief keeps a credit: the run time of its gifts
 * minus that cost. When the credit is used up it naps before it asks again, longer each time, so an
 * owner of tiny tasks is left alone. One gift that pays ends the naps. A credit is used rather than
 * the last gift alone, because irregular trees hand over small and large subtrees in turn.
 *
 * The number of a loop's tasks to take at a time grows while they prove long enough, and falls back
 * to one when they do not: a wrong guess costs only a few tasks. During a series of naps, more are
 * wanted only after a single task has paid for itself.
 * One per worker, used by it alone; all times in nanoseconds. */
#ifndef FL_PROFIT_H
#define FL_PROFIT_H

#include <stdbool.h>
#include <stdint.h>

typedef struct fl_profit {
    int64_t credit;
    int64_t nap;   /* the next nap's length; 0: none was needed since a gift paid */
    uint32_t most; /* tasks that the next gift may have */
} fl_profit;

#define FL_PROFIT_COST 250     /* of a gift */
#define FL_PROFIT_COST_MANY 80 /* of each task in a gift of many */
#define FL_PROFIT_GROWTH 16    /* of `most`, up to FL_PROFIT_TASKS */
#define FL_PROFIT_TASKS 0xffff
#define FL_PROFIT_MOST 20000
#define FL_PROFIT_LEAST -2000
#define FL_PROFIT_NAP_BELOW -1000
#define FL_PROFIT_AFTER_NAP -750
#define FL_PROFIT_NAP_FIRST 20000
#define FL_PROFIT_NAP_LONGEST 200000

void fl_profit_init(fl_profit *profit);
/* A gift of `tasks` took `time` to run. switched: its fiber waited meanwhile. Then the time of a
 * single task tells nothing, and its subtree was certainly worthwhile; the time of a gift of many,
 * waiting included, is an upper bound. */
void fl_profit_gift(fl_profit *profit, int64_t time, int64_t tasks, bool switched);
/* May more tasks be asked for before the next nap? */
static inline bool fl_profit_allows(const fl_profit *profit)
{
    return profit->credit >= FL_PROFIT_NAP_BELOW;
}
/* How long to nap before the next search; 0: not at all. Counts the nap as taken. */
int64_t fl_profit_nap(fl_profit *profit);

#endif
