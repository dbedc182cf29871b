/* SPDX-License-Identifier: MIT OR Apache-2.0
 * test: wraps malloc realloc
 *
 * The most timers of a heap and of a ring. Their memory is refused, and only asked for up to there. */
#include <runtime/sync/timer_heap.h>
#include <stdbool.h>
#include <tests/support/test.h>

static bool refuses;
static size_t asked; /* bytes; 0: nothing was asked for */

void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_malloc(size_t size)
{
    if (!refuses)
        return __real_malloc(size);
    asked = size;
    return NULL;
}

void *__real_realloc(void *block, size_t size);
void *__wrap_realloc(void *block, size_t size);
void *__wrap_realloc(void *block, size_t size)
{
    if (!refuses)
        return __real_realloc(block, size);
    asked = size;
    return NULL;
}

static const size_t most = (size_t)1 << 31; /* places whose numbers leave a bit of 32 */
static fl_timed timed;

/* Returns the bytes that a full heap of that many places asks for, to hold one more. */
static size_t heap_grows(size_t places)
{
    fl_timer_heap heap = {.count = places, .room = places};
    asked = 0;
    refuses = true;
    int rc = fl_timer_heap_add(&heap, &timed, 1);
    refuses = false;
    cr_assert_eq(rc, -ENOMEM);
    cr_assert_eq(heap.count, places);
    return asked;
}

/* The same of a full ring, whose newest timer is in the first place. */
static size_t ring_grows(size_t places)
{
    fl_timer_entry newest = {.when = 0, .timed = &timed};
    fl_timer_row row = {
        .ring = &newest, .room = places, .first = 1, .end = places + 1, .count = places};
    asked = 0;
    refuses = true;
    int rc = fl_timer_row_add(&row, &timed, 1);
    refuses = false;
    cr_assert_eq(rc, -ENOMEM);
    cr_assert_eq(row.count, places);
    return asked;
}

Test(timer_room, heap_grows_to_half_place_range)
{
    cr_assert_eq(heap_grows(most / 4), most / 2 * sizeof(fl_timer_entry));
    cr_assert_eq(heap_grows(most / 2), 0);
}

Test(timer_room, ring_grows_to_full_place_range)
{
    cr_assert_eq(ring_grows(most / 2), most * sizeof(fl_timer_entry));
    cr_assert_eq(ring_grows(most), 0);
}
