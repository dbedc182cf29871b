/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Pending timers in their shards: the earliest time, the order in which due ones are handed over,
 * and any number of due ones at a time. */
#include <runtime/engine/runtime.h>

#include <runtime/sync/timer_heap.h>
#include <runtime/sync/timer_shards.h>
#include <tests/support/engine.h>
#include <tests/support/tasks.h>
#include <tests/support/test.h>
#include <tests/unit/sync/timed_list.h>

/* Its detector has timers of its own. */
static void without_detector(void)
{
    setenv("FILCH_DEADLOCK", "off", 1);
}

TestSuite(timer_shards, .init = without_detector);

static int64_t hours(int64_t count)
{
    return filch_in(count * 3600 * FILCH_SECOND);
}

static int64_t never_fires(fl_timer *timer, int64_t when, int64_t now)
{
    filch_die("an hour has not passed");
}

/* ---- The earliest time ---- */

Test(timer_shards, timers_of_threads_count_as_pending)
{
    static fl_timer timer;
    int64_t when = hours(1);
    cr_assert_eq(fl_timers_next(), INT64_MAX);
    cr_assert_eq(fl_timer_start_fire(&timer, when, never_fires), 0);
    cr_assert_eq(fl_timers_next(), when);
    cr_assert(fl_timer_stop(&timer));
    cr_assert_eq(fl_timers_next(), INT64_MAX);
}

Test(timer_shards, later_timer_does_not_hide_earlier)
{
    static fl_timer early, late;
    int64_t when = hours(1);
    cr_assert_eq(fl_timer_start_fire(&early, when, never_fires), 0);
    cr_assert_eq(fl_timer_start_fire(&late, hours(2), never_fires), 0);
    cr_assert_eq(fl_timers_sleep(), when);
    cr_assert(fl_timer_stop(&early));
    cr_assert(fl_timer_stop(&late));
}

/* ---- Due ones ---- */

static signpost held, go_on, counted;

static void holds_thread(void *unused)
{
    signpost_raise(&held);
    signpost_wait(&go_on, 1);
}

/* Until signpost_raise(&go_on) the timer thread takes no timers. */
static void hold_timer_thread(void)
{
    static fl_timer holder;
    cr_assert_eq(fl_timer_start_call(&holder, 1, holds_thread, NULL), 0);
    signpost_wait(&held, 1);
}

static void count(void *number)
{
    if (signpost_count(&counted) != (uint32_t)(uintptr_t)number)
        filch_die("timer %u is out of turn", (unsigned)(uintptr_t)number);
    signpost_raise(&counted);
}

Test(timer_shards, excess_due_timers_fire_in_turn)
{
    enum { DUE = 2 * FL_TIMERS_TAKEN + 2 };
    static fl_timer timers[DUE];
    hold_timer_thread();
    for (uintptr_t i = 0; i < DUE; i++)
        cr_assert_eq(fl_timer_start_call(&timers[i], (int64_t)i + 1, count, (void *)i), 0);
    signpost_raise(&go_on);
    signpost_wait(&counted, DUE);
}

static filch_runtime *runtime;
static signpost fired;
static bool was_submitted;

static void do_nothing(filch_self self, void *unused)
{
}

static int64_t look_at_inbox(fl_timer *timer, int64_t when, int64_t now)
{
    was_submitted = !fl_inbox_empty(&runtime->inbox);
    signpost_raise(&fired);
    return 0;
}

Test(timer_shards, earlier_task_is_handed_over_first)
{
    static filch_timer starts_task;
    static fl_timer fires;
    occupation worker;
    runtime = occupied_runtime(&worker);
    hold_timer_thread();
    OK(filch_timer_start(&starts_task, runtime, 1, do_nothing, NULL));
    cr_assert_eq(fl_timer_start_fire(&fires, 2, look_at_inbox), 0);
    cr_assert(fl_inbox_empty(&runtime->inbox));
    signpost_raise(&go_on);
    signpost_wait(&fired, 1);
    cr_assert(was_submitted);
    signpost_raise(&worker.over);
    OK(filch_runtime_destroy(runtime));
}

/* The row of timers against a list that is kept in order. */

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

Test(timer_row, matches_a_sorted_list)
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

Test(timer_row, reserved_places_need_no_memory)
{
    for (int from_last = 0; from_last < 2; from_last++) {
        const size_t reserved = fl_timer_row_reserve(&row), ring = row.room, heap = row.others.room;
        cr_assert(reserved && reserved < TIMERS, "%zu", reserved);
        for (size_t i = 0; i < reserved; i++)
            add(&all[i], (int64_t)(from_last ? reserved - i : i));
        cr_assert_eq(row.room, ring);
        cr_assert_eq(row.others.room, heap);
        cr_assert_gt(fl_timer_row_reserve(&row), 0);
        clear();
    }
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
