/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The shipped ready deque: its owner pushes two items and pops twice, a thief steals twice. Each
 * item is got at most once, and none is lost. */
#include "threads.h"

#include <sched/deque.c>

enum { ITEMS = 2 };

static fl_deque ready;
static int item[ITEMS];
static unsigned by_owner[ITEMS], by_thief[ITEMS];

static void keep(fl_deque *grown, fl_buffer *old)
{
    (void)grown;
    (void)old;
}

static void note(unsigned *count, void *got)
{
    if (got)
        count[(int *)got - item]++;
}

static void begin(void)
{
    int rc = fl_deque_init(&ready, ITEMS, keep);
    assert(rc == 0);
}

static void *owner(void *unused)
{
    for (unsigned i = 0; i < ITEMS; i++)
        fl_deque_push(&ready, &item[i]);
    for (unsigned i = 0; i < ITEMS; i++)
        note(by_owner, fl_deque_pop(&ready));
    return unused;
}

static void *thief(void *unused)
{
    for (unsigned i = 0; i < ITEMS; i++) {
        void *got = NULL;
        if (fl_deque_steal(&ready, &got) == FL_STEAL_GOT)
            note(by_thief, got);
    }
    return unused;
}

static void end(void)
{
    for (unsigned i = 0; i < ITEMS; i++)
        assert(by_owner[i] + by_thief[i] == 1 && "an item is got once");
}

THREADS(begin, end, owner, thief)
