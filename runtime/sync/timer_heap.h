/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Pending timers in the order of their times: a 4-ary heap (D. B. Johnson, Priority queues with
 * update and finding minimum spanning trees, 1975) of (time, timer), so that sifting reads no
 * timer. A timer knows its place; the heap grows and does not shrink. Not thread-safe: under its
 * owner's lock. */
#ifndef FL_TIMER_HEAP_H
#define FL_TIMER_HEAP_H

#include <stddef.h>
#include <stdint.h>

/* A member of each timed object. */
typedef struct fl_timed {
    uint32_t place; /* 1 + index in the heap; 0: not there */
} fl_timed;

typedef struct fl_timer_entry {
    int64_t when;
    fl_timed *timed;
} fl_timer_entry;

typedef struct fl_timer_heap {
    fl_timer_entry *entries;
    size_t count, room;
} fl_timer_heap;

/* Timers that a heap can hold: the upper half of `place` is for owners of other places. */
#define FL_TIMER_HEAP_MOST (UINT32_MAX / 2)

/* -ENOMEM, also for more than FL_TIMER_HEAP_MOST: the heap is as it was. */
int fl_timer_heap_add(fl_timer_heap *heap, fl_timed *timed, int64_t when);
/* Does nothing if it is not there. */
void fl_timer_heap_remove(fl_timer_heap *heap, fl_timed *timed);
/* The earliest time; INT64_MAX: none. */
static inline int64_t fl_timer_heap_next(const fl_timer_heap *heap)
{
    return heap->count ? heap->entries[0].when : INT64_MAX;
}
/* Takes out the earliest that is not after now; NULL: none. */
fl_timed *fl_timer_heap_take(fl_timer_heap *heap, int64_t now);
/* Takes out all timers, untold, and frees the memory. */
void fl_timer_heap_clear(fl_timer_heap *heap);

#endif
