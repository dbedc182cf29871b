/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The shipped bounded deque: its owner pops the last item and pushes another, a thief steals twice.
 * Each item is got once, by one of them or at the end. */
#include "threads.h"

#include <sched/abp.c>

enum { ITEMS = 2 };

static fl_abp deque;
static int item[ITEMS];
static unsigned by_owner[ITEMS], by_thief[ITEMS];

static void note(unsigned *count, void *got)
{
    if (got)
        count[(int *)got - item]++;
}

static void begin(void)
{
    fl_abp_init(&deque);
    fl_abp_push(&deque, &item[0]);
}

static void *owner(void *unused)
{
    note(by_owner, fl_abp_pop(&deque));
    fl_abp_push(&deque, &item[1]);
    return unused;
}

static void *thief(void *unused)
{
    note(by_thief, fl_abp_steal(&deque));
    note(by_thief, fl_abp_steal(&deque));
    return unused;
}

static void end(void)
{
    note(by_owner, fl_abp_pop(&deque));
    for (unsigned i = 0; i < ITEMS; i++)
        assert(by_owner[i] + by_thief[i] == 1 && "an item is got once");
}

THREADS(begin, end, owner, thief)
