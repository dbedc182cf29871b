/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The heap of timers against a list that is kept in order. */
#include <runtime/sync/timer_heap.h>
#include <tests/support/tasks.h>
#include <tests/support/test.h>
#include <tests/unit/sync/timed_list.h>

static fl_timer_heap heap;

static void same_places(void)
{
    cr_assert_eq(heap.count, length);
    cr_assert_eq(fl_timer_heap_next(&heap), length ? list[0]->when : INT64_MAX);
    for (size_t at = 0; at < heap.count; at++) {
        cr_assert_eq(heap.entries[at].timed->place, at + 1, "each knows its place");
        cr_assert_eq(heap.entries[at].when, ((timed *)heap.entries[at].timed)->when);
        cr_assert(at == 0 || heap.entries[(at - 1) / 4].when <= heap.entries[at].when);
    }
    for (unsigned i = 0; i < TIMERS; i++)
        cr_assert_eq(all[i].timed.place != 0, all[i].there);
}

static void add(timed *one, int64_t when)
{
    cr_assert_eq(fl_timer_heap_add(&heap, &one->timed, when), 0);
    list_add(one, when);
}

static void remove_one(timed *one)
{
    fl_timer_heap_remove(&heap, &one->timed);
    if (one->there)
        list_remove(one);
}

/* Several may have the same time: any of them may come first. */
static void take(int64_t now)
{
    timed *one = (timed *)fl_timer_heap_take(&heap, now);
    if (length && list[0]->when <= now) {
        cr_assert_not_null(one);
        cr_assert_eq(one->when, list[0]->when);
        list_remove(one);
    } else {
        cr_assert_null(one);
    }
}

static void clear(void)
{
    fl_timer_heap_clear(&heap);
    list_clear();
    same_places();
}

Test(timer_heap, matches_a_sorted_list)
{
    static const int64_t ranges[] = {1, 10, 1000, INT64_MAX};
    for (unsigned r = 0; r < 4; r++) {
        uint64_t random = stress_seed();
        for (unsigned i = 0; i < stress_times(20000); i++) {
            random = stress_mix(random + i);
            timed *one = &all[random % TIMERS];
            int64_t when = (int64_t)(random >> 20) % ranges[r];
            unsigned phase = i / 2000 % 2; /* grows, then shrinks */
            if (random >> 60 < (phase ? 4 : 12)) {
                if (!one->there)
                    add(one, when);
            } else if (random >> 59 & 1) {
                remove_one(one);
            } else {
                take(when);
            }
            if (i % 64 == 0)
                same_places();
        }
        clear();
    }
}

Test(timer_heap, gives_back_everything_in_order)
{
    for (unsigned i = 0; i < TIMERS; i++)
        add(&all[i], (int64_t)(stress_mix(i) % 100));
    while (length)
        take(INT64_MAX);
    take(INT64_MAX);
    same_places();
    clear();
}

Test(timer_heap, removing_absent_timer_changes_nothing)
{
    for (unsigned i = 0; i < 10; i++)
        add(&all[i], i);
    remove_one(&all[10]);
    remove_one(&all[5]);
    remove_one(&all[5]);
    same_places();
    cr_assert_eq(length, 9);
    clear();
}

Test(timer_heap, cleared_timer_can_be_added_again)
{
    add(&all[0], 7);
    clear();
    remove_one(&all[0]);
    add(&all[0], 8);
    same_places();
    clear();
}

/* The first child of place 9 (place 37) comes right behind those of place 8, in memory. It is earlier than the
 * parent of place 8, below which it must not go when another timer sinks into place 8. */
Test(timer_heap, sinking_timer_leaves_neighbours_children_alone)
{
    static const struct layer {
        unsigned from;
        int64_t when;
    } layers[] = {{0, 0},     {1, 1000}, {2, 10},    {5, 1100}, {9, 20},
                  {21, 1200}, {37, 30},  {38, 3000}, {39, 0}};
    for (unsigned i = 0; layers[i].from < 39; i++)
        for (unsigned at = layers[i].from; at < layers[i + 1].from; at++)
            add(&all[at], layers[i].when + at);
    cr_assert_eq(all[37].timed.place, 1 + 37, "each is where it was added");
    remove_one(&all[8]);
    cr_assert_eq(all[33].timed.place, 1 + 8, "the earliest child of its own rises");
    same_places();
    clear();
}
