/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Timers in a list that is kept in order: the reference for structures that hold timers. */
#ifndef TESTS_TIMED_LIST_H
#define TESTS_TIMED_LIST_H

#include <runtime/sync/timer_heap.h>
#include <stdbool.h>
#include <string.h>

enum { TIMERS = 500 };

typedef struct timed {
    fl_timed timed; /* first */
    int64_t when;
    bool there;
} timed;

static timed all[TIMERS];

/* By time. */
static timed *list[TIMERS];
static unsigned length;

static inline void list_add(timed *one, int64_t when)
{
    unsigned at = length++;
    for (; at > 0 && list[at - 1]->when > when; at--)
        list[at] = list[at - 1];
    list[at] = one;
    one->when = when;
    one->there = true;
}

static inline void list_remove(timed *one)
{
    unsigned at = 0;
    while (list[at] != one)
        at++;
    memmove(&list[at], &list[at + 1], (--length - at) * sizeof list[0]);
    one->there = false;
}

static inline void list_clear(void)
{
    length = 0;
    for (unsigned i = 0; i < TIMERS; i++)
        all[i].there = false;
}

#endif
