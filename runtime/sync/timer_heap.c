/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/sync/timer_heap.h>

#include <sched/assert.h>

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

enum { CHILDREN = 4, FIRST_ROOM = 64 };

static size_t earliest_child(const fl_timer_heap *heap, size_t at)
{
    size_t first = CHILDREN * at + 1, best = first;
    for (size_t child = first + 1; child < first + CHILDREN && child < heap->count; child++)
        if (heap->entries[child].when < heap->entries[best].when)
            best = child;
    return best;
}

/* Does the timer know its place, and is it not earlier than its parent, nor later than a child? */
static inline bool is_in_order(const fl_timer_heap *heap, size_t at)
{
    const fl_timer_entry *entries = heap->entries;
    const int64_t when = entries[at].when;
    return entries[at].timed->place == at + 1 &&
           (!at || entries[(at - 1) / CHILDREN].when <= when) &&
           (CHILDREN * at + 1 >= heap->count || entries[earliest_child(heap, at)].when >= when);
}

static void put(fl_timer_heap *heap, size_t at, fl_timer_entry entry)
{
    heap->entries[at] = entry;
    entry.timed->place = (uint32_t)at + 1;
    FL_ASSERT(is_in_order(heap, at));
}

static void sift_up(fl_timer_heap *heap, size_t at, fl_timer_entry entry)
{
    while (at > 0) {
        size_t parent = (at - 1) / CHILDREN;
        if (heap->entries[parent].when <= entry.when)
            break;
        put(heap, at, heap->entries[parent]);
        at = parent;
    }
    put(heap, at, entry);
}

static void sift_down(fl_timer_heap *heap, size_t at, fl_timer_entry entry)
{
    while (CHILDREN * at + 1 < heap->count) {
        size_t child = earliest_child(heap, at);
        if (heap->entries[child].when >= entry.when)
            break;
        put(heap, at, heap->entries[child]);
        at = child;
    }
    put(heap, at, entry);
}

static int heap_make_room(fl_timer_heap *heap)
{
    if (heap->count < heap->room)
        return 0;
    size_t room = heap->room ? 2 * heap->room : FIRST_ROOM;
    fl_timer_entry *entries =
        room > FL_TIMER_HEAP_MOST ? NULL : realloc(heap->entries, room * sizeof *entries);
    if (!entries)
        return -ENOMEM;
    heap->entries = entries;
    heap->room = room;
    return 0;
}

int fl_timer_heap_add(fl_timer_heap *heap, fl_timed *timed, int64_t when)
{
    if (heap_make_room(heap))
        return -ENOMEM;
    sift_up(heap, heap->count++, (fl_timer_entry){when, timed});
    return 0;
}

void fl_timer_heap_remove(fl_timer_heap *heap, fl_timed *timed)
{
    if (!timed->place)
        return;
    size_t at = timed->place - 1;
    FL_ASSERT(at < heap->count && heap->entries[at].timed == timed);
    timed->place = 0;
    fl_timer_entry last = heap->entries[--heap->count];
    if (at == heap->count)
        return;
    if (at > 0 && last.when < heap->entries[(at - 1) / CHILDREN].when)
        sift_up(heap, at, last);
    else
        sift_down(heap, at, last);
}

fl_timed *fl_timer_heap_take(fl_timer_heap *heap, int64_t now)
{
    if (fl_timer_heap_next(heap) > now || !heap->count)
        return NULL;
    fl_timed *timed = heap->entries[0].timed;
    fl_timer_heap_remove(heap, timed);
    return timed;
}

void fl_timer_heap_clear(fl_timer_heap *heap)
{
    for (size_t at = 0; at < heap->count; at++)
        heap->entries[at].timed->place = 0;
    free(heap->entries);
    *heap = (fl_timer_heap){0};
}

/* ---- Rows ---- */

#ifdef FILCH_TINY
enum { FIRST_ROW = 2 };
#else
enum { FIRST_ROW = 64 };
#endif

/* In `place` of a timer in the ring, beside the last bits of the number of its place. */
#define IN_RING (FL_TIMER_HEAP_MOST + 1)

static fl_timer_entry *at(const fl_timer_row *row, size_t number)
{
    return &row->ring[number & (row->room - 1)];
}

static void put_in_row(fl_timer_row *row, size_t number, fl_timer_entry entry)
{
    *at(row, number) = entry;
    entry.timed->place = IN_RING | (uint32_t)number;
}

/* ---- Room ---- */

/* Timers keep the numbers of their places. */
static int grow(fl_timer_row *row)
{
    fl_timer_row wider = *row;
    wider.room = row->room ? 2 * row->room : FIRST_ROW;
    wider.ring = wider.room > IN_RING ? NULL : malloc(wider.room * sizeof *wider.ring);
    if (!wider.ring)
        return -ENOMEM;
    for (size_t number = row->first; number != row->end; number++)
        *at(&wider, number) = *at(row, number);
    free(row->ring);
    *row = wider;
    return 0;
}

static void close_up(fl_timer_row *row)
{
    size_t to = row->first;
    for (size_t number = row->first; number != row->end; number++)
        if (at(row, number)->timed)
            put_in_row(row, to++, *at(row, number));
    row->end = to;
}

static int make_room(fl_timer_row *row)
{
    if (row->end - row->first < row->room)
        return 0;
    if (row->count > row->room / 2 || !row->room)
        return grow(row);
    close_up(row);
    return 0;
}

/* ---- The ring's own ---- */

static bool is_later(const fl_timer_row *row, int64_t when)
{
    return row->count && at(row, row->end - 1)->when > when;
}

static void leave_ring(fl_timer_row *row, size_t number)
{
    at(row, number)->timed = NULL;
    row->count--;
    while (row->first != row->end && !at(row, row->first)->timed)
        row->first++;
    while (row->first != row->end && !at(row, row->end - 1)->timed)
        row->end--;
}

/* ---- Both ---- */

int fl_timer_row_add(fl_timer_row *row, fl_timed *timed, int64_t when)
{
    if (is_later(row, when))
        return fl_timer_heap_add(&row->others, timed, when);
    if (make_room(row))
        return -ENOMEM;
    put_in_row(row, row->end++, (fl_timer_entry){when, timed});
    row->count++;
    return 0;
}

size_t fl_timer_row_reserve(fl_timer_row *row)
{
    if (make_room(row) || heap_make_room(&row->others))
        return 0;
    const size_t ring = row->room - (row->end - row->first);
    const size_t heap = row->others.room - row->others.count;
    return ring < heap ? ring : heap;
}

void fl_timer_row_remove(fl_timer_row *row, fl_timed *timed)
{
    if (!(timed->place & IN_RING)) {
        fl_timer_heap_remove(&row->others, timed);
        return;
    }
    FL_ASSERT(at(row, timed->place & ~IN_RING)->timed == timed);
    leave_ring(row, timed->place & ~IN_RING);
    timed->place = 0;
}

static bool ring_is_first(const fl_timer_row *row)
{
    return row->count && at(row, row->first)->when <= fl_timer_heap_next(&row->others);
}

fl_timed *fl_timer_row_first(const fl_timer_row *row)
{
    if (ring_is_first(row))
        return at(row, row->first)->timed;
    return row->others.count ? row->others.entries[0].timed : NULL;
}

int64_t fl_timer_row_next(const fl_timer_row *row)
{
    return ring_is_first(row) ? at(row, row->first)->when : fl_timer_heap_next(&row->others);
}

fl_timed *fl_timer_row_take(fl_timer_row *row, int64_t now)
{
    fl_timed *first = fl_timer_row_first(row);
    if (!first || fl_timer_row_next(row) > now)
        return NULL;
    fl_timer_row_remove(row, first);
    return first;
}

void fl_timer_row_clear(fl_timer_row *row)
{
    for (size_t number = row->first; number != row->end; number++)
        if (at(row, number)->timed)
            at(row, number)->timed->place = 0;
    free(row->ring);
    fl_timer_heap_clear(&row->others);
    *row = (fl_timer_row){0};
}
