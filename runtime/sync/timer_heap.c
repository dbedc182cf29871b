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

int fl_timer_heap_add(fl_timer_heap *heap, fl_timed *timed, int64_t when)
{
    if (heap->count == heap->room) {
        size_t room = heap->room ? 2 * heap->room : FIRST_ROOM;
        fl_timer_entry *entries =
            room > FL_TIMER_HEAP_MOST ? NULL : realloc(heap->entries, room * sizeof *entries);
        if (!entries)
            return -ENOMEM;
        heap->entries = entries;
        heap->room = room;
    }
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
