/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <sched/warm.h>

static int64_t lesser(int64_t one, int64_t other)
{
    return one < other ? one : other;
}

static void over(fl_warm *warm, int64_t gap, int64_t paid)
{
    const int64_t credit = warm->credit + 2 * lesser(gap, warm->wake) - paid;
    warm->credit = lesser(credit, FL_WARM_CREDIT * warm->wake);
    if (gap < warm->wake)
        warm->long_gaps = 0;
    else if (warm->long_gaps < FL_WARM_LONG)
        warm->long_gaps++;
}

void fl_warm_found(fl_warm *warm, int64_t gap)
{
    over(warm, gap, lesser(gap, 2 * warm->wake)); /* more: it was kept from searching */
}

void fl_warm_slept(fl_warm *warm, int64_t gap, int64_t searched)
{
    over(warm, gap, searched + warm->wake);
}

void fl_warm_woken(fl_warm *warm, int64_t took)
{
    took = lesser(took < FL_WARM_LEAST ? FL_WARM_LEAST : took, FL_WARM_MOST);
    warm->wake += (took - warm->wake) / FL_WARM_WEIGHT;
}
