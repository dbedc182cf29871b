/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A worker's time by activity, with a clock that the test advances. */
#include <sched/times.h>
#include <tests/support/test.h>

static int64_t time_is;

static int64_t clock_of_test(void)
{
    return time_is;
}

static void spent_is(fl_times *times, uint64_t working, uint64_t searching, uint64_t sleeping,
                     uint64_t retired)
{
    const uint64_t expected[FL_DOINGS] = {working, searching, sleeping, retired};
    uint64_t spent[FL_DOINGS];
    fl_times_read(times, clock_of_test, spent);
    for (unsigned i = 0; i < FL_DOINGS; i++)
        cr_expect_eq(spent[i], expected[i], "kind %u: %llu, not %llu", i,
                     (unsigned long long)spent[i], (unsigned long long)expected[i]);
}

Test(times, the_stretch_in_progress_shows)
{
    fl_times times = {0};
    fl_times_begin(&times, FL_RETIRED, 100);
    time_is = 100;
    spent_is(&times, 0, 0, 0, 0);
    time_is = INT64_C(1) << 60;
    spent_is(&times, 0, 0, 0, (UINT64_C(1) << 60) - 100);
}

Test(times, parts_are_the_whole)
{
    fl_times times = {0};
    uint64_t sum[FL_DOINGS] = {0};
    int64_t at = 7;
    fl_times_begin(&times, FL_WORKING, at);
    enum fl_doing doing = FL_WORKING;
    for (unsigned i = 0; i < 1000; i++) {
        int64_t length = i * i % 13;
        sum[doing] += (uint64_t)length;
        at += length;
        doing = (enum fl_doing)((i * 7 + i / 3) % FL_DOINGS);
        fl_times_turn(&times, doing, at);
        time_is = at;
        spent_is(&times, sum[FL_WORKING], sum[FL_SEARCHING], sum[FL_SLEEPING], sum[FL_RETIRED]);
    }
}

Test(times, turning_to_same_changes_nothing)
{
    fl_times times = {0};
    fl_times_begin(&times, FL_SEARCHING, 10);
    fl_times_turn(&times, FL_SEARCHING, 30);
    time_is = 35;
    spent_is(&times, 0, 25, 0, 0);
}

/* A reader came between a worker's reading of the clock and its turn. */
Test(times, what_was_shown_never_falls)
{
    fl_times times = {0};
    fl_times_begin(&times, FL_WORKING, 1000);
    time_is = 1500;
    spent_is(&times, 500, 0, 0, 0);
    fl_times_turn(&times, FL_SLEEPING, 1400);
    spent_is(&times, 500, 0, 100, 0);
    fl_times_turn(&times, FL_WORKING, 1600);
    time_is = 1650;
    spent_is(&times, 500, 0, 200, 0);
    time_is = 1750;
    spent_is(&times, 550, 0, 200, 0);
}

/* A worker that was preempted in its turn is not waited for. */
Test(times, reading_during_turn_shows_last_value)
{
    fl_times times = {0};
    uint64_t spent[FL_DOINGS];
    fl_times_begin(&times, FL_WORKING, 1000);
    time_is = 1500;
    spent_is(&times, 500, 0, 0, 0);
    filch_u64_store(&times.since, 0, FILCH_RELAXED);
    time_is = 1600;
    cr_assert_not(fl_times_look(&times, clock_of_test, spent));
    spent_is(&times, 500, 0, 0, 0);
}

Test(times, lagging_clock_counts_no_time)
{
    fl_times times = {0};
    fl_times_begin(&times, FL_WORKING, 1000);
    time_is = 990; /* of another processor */
    spent_is(&times, 0, 0, 0, 0);
}

/* A fall by one nanosecond is seen, and no word behind the last activity is read. */
Test(times, no_activity_falls_or_loses_nanoseconds)
{
    struct {
        fl_times times;
        uint64_t behind;
    } all = {.behind = 7};
    uint64_t spent[FL_DOINGS + 1] = {[FL_DOINGS] = 9};
    for (unsigned doing = 0; doing < FL_DOINGS; doing++) {
        all.times = (fl_times){0};
        fl_times_begin(&all.times, (enum fl_doing)doing, 1000);
        for (time_is = 1000; time_is < 1004; time_is++) {
            fl_times_read(&all.times, clock_of_test, spent);
            cr_expect_eq(spent[doing], (uint64_t)time_is - 1000, "kind %u", doing);
        }
        time_is = 1002; /* of another processor, one nanosecond behind what was shown */
        fl_times_read(&all.times, clock_of_test, spent);
        cr_expect_eq(spent[doing], 3, "kind %u", doing);
    }
    cr_expect_eq(all.behind, 7);
    cr_expect_eq(spent[FL_DOINGS], 9);
}
