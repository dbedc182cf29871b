/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <sched/rounds.h>
#include <tests/support/test.h>

Test(rounds, round_seeks_own_forked_then_ready)
{
    fl_rounds rounds = {FL_SEEK_OWN, 0};
    for (unsigned round = 1; round < 5; round++) {
        cr_expect_eq(rounds.seek, FL_SEEK_OWN);
        cr_expect(fl_rounds_next(&rounds) && rounds.seek == FL_SEEK_FORKED);
        cr_expect(fl_rounds_next(&rounds) && rounds.seek == FL_SEEK_READY);
        cr_expect_not(fl_rounds_next(&rounds));
        cr_expect_eq(rounds.over, round);
    }
}

Test(rounds, there_are_two_at_least)
{
    fl_rounds rounds = {FL_SEEK_OWN, 0};
    unsigned count = 0;
    do {
        count++;
        while (fl_rounds_next(&rounds))
            ;
    } while (fl_rounds_again(&rounds));
    cr_expect_eq(count, 2u);
}

Test(rounds, what_lies_elsewhere_is_stolen)
{
    fl_rounds rounds = {FL_SEEK_OWN, 0};
    cr_expect_not(fl_rounds_stole(&rounds));
    while (fl_rounds_next(&rounds))
        cr_expect(fl_rounds_stole(&rounds));
}

Test(rounds, misses_count_consecutive_failures)
{
    unsigned misses = 0;
    for (unsigned i = 1; i < 4; i++)
        cr_expect_eq(misses = fl_rounds_misses(misses, false), i);
    cr_expect_eq(fl_rounds_misses(misses, true), 0u);
    cr_expect_eq(fl_rounds_attempts(8), 7u);
    cr_expect_eq(fl_rounds_attempts(1), 0u);
}
