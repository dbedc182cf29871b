/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * How long a loop runs before it looks up. Time is told, not read: a tick is a nanosecond here. */
#include <runtime/par/pace.h>
#include <tests/support/test.h>

enum { TICKS_PER_US = 1000 };

/* Runs a loop whose iterations take `each`, and says after which time it may be split; 0: never. */
static uint64_t alone(size_t n, uint64_t each, size_t hint)
{
    uint64_t now = 1000;
    fl_pace pace = fl_pace_start(hint, now);
    for (size_t left = n; left;) {
        if (fl_pace_may_split(&pace, left))
            return now - 1000;
        size_t some = fl_pace_next(&pace, left);
        cr_assert_leq(some, left);
        cr_assert_gt(some, 0);
        now += some * each;
        fl_pace_ran(&pace, some, now, TICKS_PER_US);
        left -= some;
    }
    return 0;
}

Test(pace, short_loop_stays_with_caller)
{
    if (!FL_PACE_COLD)
        return;
    cr_assert_eq(alone(1000, 1, 0), 0);
    cr_assert_eq(alone(1, 1000000, 0), 0);
}

Test(pace, long_loop_is_shared_after_microseconds)
{
    uint64_t after = alone(100000000, 1, 0);
    cr_assert_geq(after, FL_PACE_COLD);
    cr_assert_leq(after, FL_PACE_COLD + 2 * FL_PACE_CHUNK);
}

Test(pace, long_iterations_are_shared_after_first)
{
    cr_assert_eq(alone(100, 1000000, 0), 1000000);
}

Test(pace, hint_shares_immediately_as_minimum_piece)
{
    fl_pace pace = fl_pace_start(100, 0);
    cr_assert(fl_pace_may_split(&pace, 200));
    cr_assert_not(fl_pace_may_split(&pace, 199));
}

/* Else a thief would wait for its answer until all of them have run. */
Test(pace, hinted_loop_checks_after_long_iterations)
{
    fl_pace pace = fl_pace_start(100, 0);
    for (uint64_t now = 1000000; now < 5000000; now += 1000000) {
        cr_assert_eq(fl_pace_next(&pace, 1000), 1);
        fl_pace_ran(&pace, 1, now, TICKS_PER_US);
    }
}

Test(pace, chunks_settle_at_target_duration)
{
    fl_pace pace = fl_pace_start(0, 0);
    uint64_t now = 0, took = 0;
    for (int i = 0; i < 5; i++) {
        fl_pace_shared(&pace); /* none is a long one */
        size_t some = fl_pace_next(&pace, SIZE_MAX);
        took = some;
        now += some;
        fl_pace_ran(&pace, some, now, TICKS_PER_US);
    }
    cr_assert_leq(took, FL_PACE_CHUNK);
    cr_assert_gt(2 * took, FL_PACE_CHUNK);
}

Test(pace, a_slower_stretch_shortens_them)
{
    fl_pace pace = fl_pace_resume(1000000, 0, 0);
    fl_pace_ran(&pace, 1000000, (uint64_t)1000 * FL_PACE_CHUNK, TICKS_PER_US);
    cr_assert_leq(fl_pace_next(&pace, SIZE_MAX), 1000);
    fl_pace_ran(&pace, 1, UINT64_C(1) << 40, TICKS_PER_US);
    cr_assert_eq(fl_pace_next(&pace, SIZE_MAX), 1);
}

Test(pace, later_chunks_leave_most_shareable)
{
    fl_pace pace = fl_pace_resume(1000, 0, 0);
    cr_assert_eq(fl_pace_next(&pace, 400), 100);
    cr_assert_eq(fl_pace_next(&pace, 3), 1);
}

/* A microsecond each; returns the iterations of the last of so many chunks. */
static size_t steady(fl_pace *pace, int chunks, size_t left)
{
    size_t some = 0;
    for (; chunks; chunks--) {
        some = fl_pace_next(pace, left);
        fl_pace_ran(pace, some, pace->since + some * 1000, TICKS_PER_US);
    }
    return some;
}

enum { EACH = FL_PACE_CHUNK / 1000 + !(FL_PACE_CHUNK / 1000), LONGEST = EACH << FL_PACE_CALM };

Test(pace, steady_chunks_grow_until_shared)
{
    if (FL_PACE_CHUNK < 1000)
        return;
    fl_pace pace = fl_pace_resume(EACH, 0, 0);
    cr_assert_eq(steady(&pace, 1, SIZE_MAX), EACH);
    cr_assert_eq(steady(&pace, 2, SIZE_MAX), LONGEST);
    cr_assert_eq(steady(&pace, 9, SIZE_MAX), LONGEST);
    fl_pace_shared(&pace);
    cr_assert_eq(steady(&pace, 1, SIZE_MAX), EACH);
    cr_assert_eq(steady(&pace, 9, SIZE_MAX), LONGEST);
    fl_pace_ran(&pace, fl_pace_next(&pace, SIZE_MAX), pace.since + 1000000, TICKS_PER_US);
    cr_assert_leq(fl_pace_next(&pace, SIZE_MAX), 1);
}

Test(pace, long_chunks_take_little_of_rest)
{
    if (FL_PACE_CHUNK < 1000)
        return;
    fl_pace pace = fl_pace_resume(EACH, 0, 0);
    cr_assert_eq(steady(&pace, 9, SIZE_MAX), LONGEST);
    cr_assert_eq(steady(&pace, 9, (size_t)LONGEST << FL_PACE_SHARE), LONGEST);
    cr_assert_eq(steady(&pace, 9, ((size_t)LONGEST << FL_PACE_SHARE) - 1), LONGEST / 2);
    cr_assert_eq(steady(&pace, 9, ((size_t)EACH << FL_PACE_SHARE)), EACH);
    cr_assert_eq(steady(&pace, 9, SIZE_MAX), LONGEST);
}

Test(pace, stalled_or_backward_clock_is_harmless)
{
    fl_pace pace = fl_pace_start(0, 1000);
    fl_pace_ran(&pace, 1, 1000, TICKS_PER_US);
    cr_assert_gt(fl_pace_next(&pace, SIZE_MAX), 0);
    fl_pace_ran(&pace, SIZE_MAX, 10, TICKS_PER_US);
    cr_assert_gt(fl_pace_next(&pace, SIZE_MAX), 0);
}
