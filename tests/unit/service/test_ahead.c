/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * How far a default buffer is filled, with simulated times. */
#include <runtime/service/ahead.h>
#include <tests/support/test.h>

enum { LEAST = 10, MIB = 1 << 20 };

static unsigned after(uint64_t jobs, int64_t time, size_t bytes)
{
    fl_ahead ahead;
    fl_ahead_init(&ahead, LEAST, FL_AHEAD_MOST, 7);
    fl_ahead_look(&ahead, jobs, bytes, 7 + time);
    return ahead.now;
}

Test(ahead, buffer_holds_quarter_second_of_jobs)
{
    static const struct {
        uint64_t jobs;
        int64_t time;
        size_t bytes;
        unsigned expected;
    } cases[] = {
        {0, FILCH_SECOND, 0, LEAST},
        {40, FILCH_SECOND, 0, LEAST},
        {200, FILCH_SECOND, 0, 50},
        {400, FILCH_SECOND, 0, FL_AHEAD_MOST},
        {UINT64_MAX, FILCH_SECOND, 0, FL_AHEAD_MOST},
        {20, 100 * FILCH_MILLISECOND, 0, 50},
        {1000, FL_AHEAD_WINDOW - 1, 0, LEAST}, /* too early to know the pace */
        {1000, FL_AHEAD_WINDOW, 16 * MIB - 1, FL_AHEAD_MOST},
        {1000, FL_AHEAD_WINDOW, 16 * MIB, LEAST},
        {1000, -FILCH_SECOND, 0, LEAST},
    };
    for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++)
        cr_expect_eq(after(cases[i].jobs, cases[i].time, cases[i].bytes), cases[i].expected,
                     "case %u: %u", i, after(cases[i].jobs, cases[i].time, cases[i].bytes));
}

Test(ahead, pace_is_that_of_last_window)
{
    fl_ahead ahead;
    fl_ahead_init(&ahead, LEAST, FL_AHEAD_MOST, 0);
    fl_ahead_look(&ahead, 1000, 0, FILCH_SECOND);
    cr_assert_eq(ahead.now, FL_AHEAD_MOST);
    fl_ahead_look(&ahead, 1001, 0, FILCH_SECOND + FL_AHEAD_WINDOW - 1);
    cr_assert_eq(ahead.now, FL_AHEAD_MOST, "the window has not ended");
    fl_ahead_look(&ahead, 1004, 0, 2 * FILCH_SECOND);
    cr_assert_eq(ahead.now, LEAST);
}

Test(ahead, buffer_that_is_set_stays)
{
    fl_ahead ahead;
    fl_ahead_init(&ahead, 3, 3, 0);
    fl_ahead_look(&ahead, 1000000, 0, FILCH_SECOND);
    cr_assert_eq(ahead.now, 3);
}
