/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/platform/virtual/loop.h>

#include <tests/support/test.h>

static fl_virtual_loop loop;
static char places[FL_LOOP_KEYS + 1];
static int words[1000];

static void reads(int place, const int *word)
{
    fl_loop_access(&loop, &places[place], word, sizeof *word);
}

/* Rounds of `length` points, each at its place. */
static void rounds(int count, int length)
{
    for (int i = 0; i < count * length; i++)
        fl_loop_point(&loop, &places[i % length]);
}

Test(virtual_loop, equal_rounds_wait)
{
    for (int length = 1; length <= FL_LOOP_KEYS; length *= 4) {
        loop = (fl_virtual_loop){0};
        rounds(FL_LOOP_ROUNDS - 1, length);
        cr_assert_not(fl_loop_waits(&loop), "%d", length);
        rounds(1, length);
        cr_assert(fl_loop_gives_way(&loop), "%d", length);
    }
}

Test(virtual_loop, wait_after_other_points_is_found)
{
    for (int i = 0; i < FL_LOOP_KEYS - 3; i++)
        fl_loop_point(&loop, &places[3 + i]);
    rounds(FL_LOOP_ROUNDS + FL_LOOP_KEYS / 3, 3);
    cr_assert(fl_loop_waits(&loop));
}

/* a b a c: a comes again before the round has ended. */
Test(virtual_loop, a_place_twice_in_a_round)
{
    static const int order[] = {0, 1, 0, 2};
    for (int i = 0; i < (FL_LOOP_ROUNDS + 2) * 4; i++)
        fl_loop_point(&loop, &places[order[i % 4]]);
    cr_assert(fl_loop_waits(&loop));
}

Test(virtual_loop, gives_way_once_a_round)
{
    int given = 0;
    rounds(FL_LOOP_ROUNDS, 3);
    for (int i = 0; i < 30; i++) {
        given += fl_loop_gives_way(&loop);
        fl_loop_point(&loop, &places[i % 3]);
    }
    cr_assert_eq(given, 10);
}

Test(virtual_loop, a_new_value_ends_the_wait)
{
    for (int i = 0; i < 2 * FL_LOOP_ROUNDS; i++)
        reads(0, words);
    cr_assert(fl_loop_waits(&loop));
    words[0]++;
    reads(0, words);
    cr_assert_not(fl_loop_waits(&loop));
}

Test(virtual_loop, leaving_ends_the_wait)
{
    rounds(2 * FL_LOOP_ROUNDS, 2);
    fl_loop_point(&loop, &places[5]);
    cr_assert_not(fl_loop_waits(&loop));
}

Test(virtual_loop, loops_with_progress_never_wait)
{
    for (int i = 0; i < 1000; i++) {
        reads(0, &words[1]); /* a flag that stays, */
        reads(1, &words[0]); /* a counter, */
        words[0]++;
        cr_assert_not(fl_loop_waits(&loop));
    }
    for (int i = 0; i < 1000; i++) {
        reads(0, &words[i]); /* an array */
        cr_assert_not(fl_loop_waits(&loop));
    }
}

Test(virtual_loop, long_accesses_never_wait)
{
    static char block[FL_LOOP_VALUE + 1];
    for (int i = 0; i < 1000; i++)
        fl_loop_access(&loop, places, block, sizeof block);
    cr_assert_not(fl_loop_waits(&loop));
}
