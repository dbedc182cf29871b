/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Pending timers in their shards: the earliest time, the order in which due ones are handed over,
 * and any number of due ones at a time. */
#include <runtime/engine/runtime.h>
#include <runtime/sync/timer_shards.h>
#include <tests/support/engine.h>
#include <tests/support/test.h>

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
    enum { TIMERS = 2 * FL_TIMERS_TAKEN + 2 };
    static fl_timer timers[TIMERS];
    hold_timer_thread();
    for (uintptr_t i = 0; i < TIMERS; i++)
        cr_assert_eq(fl_timer_start_call(&timers[i], (int64_t)i + 1, count, (void *)i), 0);
    signpost_raise(&go_on);
    signpost_wait(&counted, TIMERS);
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
