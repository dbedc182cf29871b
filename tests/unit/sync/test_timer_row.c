/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The row of timers against a list that is kept in order. */
#include <runtime/sync/timer_heap.h>
#include <tests/support/tasks.h>
#include <tests/support/test.h>
#include <tests/unit/sync/timed_list.h>

static fl_timer_row row;

static void same(void)
{
    cr_assert_eq(fl_timer_row_count(&row), length);
    cr_assert_eq(fl_timer_row_next(&row), length ? list[0]->when : INT64_MAX);
    timed *first = (timed *)fl_timer_row_first(&row);
    cr_assert_eq(!first, !length);
    cr_assert(!first || first->when == list[0]->when);
    for (unsigned i = 0; i < TIMERS; i++)
        cr_assert_eq(all[i].timed.place != 0, all[i].there);
}

static void add(timed *one, int64_t when)
{
    cr_assert_eq(fl_timer_row_add(&row, &one->timed, when), 0);
    list_add(one, when);
}

static void remove_one(timed *one)
{
    fl_timer_row_remove(&row, &one->timed);
    if (one->there)
        list_remove(one);
}

/* Several may have the same time: any of them may come first. */
static void take(int64_t now)
{
    timed *one = (timed *)fl_timer_row_take(&row, now);
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
    fl_timer_row_clear(&row);
    list_clear();
    same();
}

/* `spread` of times around one that goes on: 1, they come in order. */
static void churn(int64_t spread)
{
    uint64_t random = stress_seed();
    for (unsigned i = 0; i < stress_times(20000); i++) {
        random = stress_mix(random + i);
        timed *one = &all[random % TIMERS];
        unsigned phase = i / 2000 % 2; /* grows, then shrinks */
        if (random >> 60 < (phase ? 4 : 12)) {
            if (!one->there)
                add(one, i + (int64_t)(random >> 20) % spread);
        } else if (random >> 59 & 1) {
            remove_one(one);
        } else {
            take(length ? list[0]->when : 0);
        }
        if (i % 64 == 0)
            same();
    }
    clear();
}

Test(timer_row, does_what_a_sorted_list_does)
{
    static const int64_t spreads[] = {1, 2, 100, 100000};
    for (unsigned i = 0; i < 4; i++)
        churn(spreads[i]);
}

Test(timer_row, only_earlier_timers_enter_heap)
{
    for (unsigned i = 0; i < 10; i++)
        add(&all[i], i / 2);
    cr_assert_eq(row.others.count, 0);
    add(&all[10], 3);
    cr_assert_eq(row.others.count, 1);
    remove_one(&all[9]);
    remove_one(&all[8]);
    add(&all[11], 3);
    cr_assert_eq(row.others.count, 1, "its newest is one of the same time again");
    clear();
}

/* Each of these leaves an empty place behind one that stays, and before the next. */
Test(timer_row, lasting_timer_does_not_grow_ring)
{
    add(&all[0], 0);
    add(&all[1], 1);
    for (unsigned i = 2; i < 20000; i++) {
        add(&all[i % 2 + 2], i);
        remove_one(&all[(i + 1) % 2 + 2]);
    }
    cr_assert_eq(length, 3);
    cr_assert_leq(row.end - row.first, 64);
    cr_assert_eq(row.first, 0);
    same();
    clear();
}

Test(timer_row, removing_absent_timer_changes_nothing)
{
    for (unsigned i = 0; i < 10; i++)
        add(&all[i], i % 5);
    remove_one(&all[10]);
    for (unsigned i = 0; i < 2; i++) {
        remove_one(&all[4]); /* of the ring */
        remove_one(&all[6]); /* of the heap */
    }
    same();
    cr_assert_eq(length, 8);
    clear();
}

Test(timer_row, cleared_timers_can_be_added_again)
{
    add(&all[0], 7);
    add(&all[1], 6);
    clear();
    remove_one(&all[0]);
    remove_one(&all[1]);
    add(&all[0], 8);
    same();
    clear();
}

Test(timer_row, nothing_is_taken_before_its_time)
{
    add(&all[0], 10);
    take(9);
    cr_assert_eq(length, 1);
    take(10);
    cr_assert_eq(length, 0);
    clear();
}

/* The first ring of preset tiny: half of its places are one. */
Test(timer_row, full_ring_of_two_grows)
{
    row.room = 2;
    row.ring = malloc(row.room * sizeof *row.ring);
    cr_assert_not_null(row.ring);
    for (unsigned i = 0; i < 3; i++)
        add(&all[i], i);
    while (length)
        take(INT64_MAX);
    same();
    clear();
}
