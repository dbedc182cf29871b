/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Does stealing pay? A steal costs thief and owner about a quarter of a microsecond a task
 * together. The thief keeps a credit: what its gifts took to run, less that cost. When the credit
 * is used up it naps before it asks again, longer each time, so that an owner of tiny tasks is left
 * alone; one gift that pays ends that. A credit, not the last gift alone: irregular trees hand over
 * small and large subtrees in turn. One per worker, used by it alone; all times in nanoseconds. */
#ifndef FL_PROFIT_H
#define FL_PROFIT_H

#include <stdbool.h>
#include <stdint.h>

typedef struct fl_profit {
    int64_t credit;
    int64_t nap;     /* the next nap's length; 0: none was needed since a gift paid */
    bool wants_many; /* gifts pay: half of a deep stack is welcome */
} fl_profit;

/* What one stolen task costs, and the credit's bounds. */
#define FL_PROFIT_COST 250
#define FL_PROFIT_MOST 20000
#define FL_PROFIT_LEAST -2000
#define FL_PROFIT_NAP_BELOW -1000
#define FL_PROFIT_AFTER_NAP -750
#define FL_PROFIT_NAP_FIRST 20000
#define FL_PROFIT_NAP_LONGEST 200000

/* A gift of `tasks` took `time` to run; switched: its fiber waited meanwhile, so its time tells
 * nothing and it was certainly worth while. */
void fl_profit_gift(fl_profit *profit, int64_t time, int64_t tasks, bool switched);
/* How long to nap before the next search; 0: not at all. Counts the nap as taken. */
int64_t fl_profit_nap(fl_profit *profit);

#endif
