/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Submissions from outside have their turn beside a worker that never runs out of its own work. */
#include <criterion/criterion.h>
#include <tests/support/occupied.h>

enum { OUTSIDE = 1000, OWN_FOR_EACH = 10 };
static signpost arrived;
static unsigned own;

/* One after the other, each some microseconds long, until all from outside have come. */
static void feed_itself(filch_self self, void *rt)
{
    (void)self;
    own++;
    for (int64_t end = filch_now() + 3000; filch_now() < end;)
        filch_pause();
    if (signpost_count(&arrived) < OUTSIDE)
        cr_assert_eq(filch_go(rt, feed_itself, rt), 0);
}

static void come(filch_self self, void *unused)
{
    (void)self, (void)unused;
    signpost_raise(&arrived);
}

Test(inbox_turn, a_busy_worker_takes_many_at_a_time)
{
    occupation busy;
    filch_runtime *rt = occupied_runtime(&busy);
    cr_assert_eq(filch_go(rt, feed_itself, rt), 0);
    for (unsigned i = 0; i < OUTSIDE; i++)
        cr_assert_eq(filch_go(rt, come, NULL), 0);
    signpost_raise(&busy.over);
    cr_assert_eq(filch_runtime_destroy(rt), 0);
    cr_assert_lt(own, OUTSIDE * OWN_FOR_EACH, "%u", own);
}
