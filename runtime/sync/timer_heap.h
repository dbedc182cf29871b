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

/* ---- Rows ---- */

/* Timers that mostly come in the order of their times, as those with one timeout do: a ring holds
 * them, and a heap holds each timer that is earlier than the ring's newest. Adding to the ring and
 * removing from it touch no other timer, where a heap moves one in each of its levels.
 *
 * The first and the last place of the ring are never empty. A timer that is removed between them
 * leaves an empty place. A full ring of which half is empty closes up instead of growing. So it has
 * at most four times as many places as it ever held timers. Not thread-safe: under its owner's
 * lock. */

typedef struct fl_timer_row {
    fl_timer_entry *ring; /* `timed` NULL: an empty place */
    size_t room;          /* of the ring: 0, or a power of two */
    size_t first, end;    /* numbers of places, which only grow; modulo `room` they are indices */
    size_t count;         /* timers in the ring */
    fl_timer_heap others;
} fl_timer_row;

/* The contracts of the heap's functions. */
int fl_timer_row_add(fl_timer_row *row, fl_timed *timed, int64_t when);
/* Makes room for at least one more. Returns the number of timers, due at any times, that can then
 * be added without allocating; 0: there is no memory. */
size_t fl_timer_row_reserve(fl_timer_row *row);
void fl_timer_row_remove(fl_timer_row *row, fl_timed *timed);
/* The earliest; NULL: none. */
fl_timed *fl_timer_row_first(const fl_timer_row *row);
int64_t fl_timer_row_next(const fl_timer_row *row);
fl_timed *fl_timer_row_take(fl_timer_row *row, int64_t now);
void fl_timer_row_clear(fl_timer_row *row);

static inline size_t fl_timer_row_count(const fl_timer_row *row)
{
    return row->count + row->others.count;
}
/* The timers for which it has memory. */
static inline size_t fl_timer_row_room(const fl_timer_row *row)
{
    return row->room + row->others.room;
}

#endif
