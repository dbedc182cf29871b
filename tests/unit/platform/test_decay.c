/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Decay, on a clock of the test's own. */
#include <runtime/platform/memory/idle_trim.h>
#include <tests/support/test.h>

enum { KEEP = 10, STEP = 7 };

static fl_decay decay;
static unsigned count;
static int64_t now;

TestSuite(decay);

/* One look, in which up to STEP items go; the clock then stands at the next look. Returns how many
 * went. */
static unsigned look(void)
{
    unsigned gone = fl_decay_surplus(&decay, count, KEEP, now);
    if (gone > STEP)
        gone = STEP;
    count -= gone;
    int64_t next = fl_decay_next(&decay, gone, count, KEEP, now);
    cr_assert(!next || next > now);
    now = next;
    return gone;
}

static void take_and_return(unsigned items)
{
    fl_decay_taken(&decay, count - items);
}

static void begin(unsigned items)
{
    count = items;
    now = 1;
    cr_assert_eq(look(), 0);
}

Test(decay, store_within_limit_is_never_examined)
{
    begin(KEEP);
    cr_assert_eq(now, 0);
}

Test(decay, idle_items_decay_in_steps)
{
    begin(KEEP + 2 * STEP + 1);
    cr_assert_eq(now, 1 + FL_DECAY_NS);
    cr_assert_eq(look(), STEP);
    cr_assert_eq(now, 1 + FL_DECAY_NS + FL_DECAY_STEP_NS);
    cr_assert_eq(look(), STEP);
    cr_assert_eq(look(), 1);
    cr_assert_eq(now, 0);
    cr_assert_eq(count, KEEP);
}

Test(decay, nothing_decays_before_first_second)
{
    begin(100);
    int64_t next = now--;
    cr_assert_eq(look(), 0);
    cr_assert_eq(now, next);
    cr_assert_eq(count, 100);
}

Test(decay, items_that_were_taken_meanwhile_stay)
{
    begin(30);
    take_and_return(17); /* down to 13 */
    cr_assert_eq(look(), 3);
    cr_assert_eq(count, 27);
    cr_assert_eq(decay.least, 27, "the next second counts anew");
    take_and_return(27);
    cr_assert_eq(look(), 0);
    cr_assert_neq(now, 0, "it is looked at as long as there are more than are kept");
}

Test(decay, a_surplus_shrinks_with_the_store)
{
    begin(100);
    cr_assert_eq(look(), STEP);
    count = 5; /* taken between two steps */
    fl_decay_taken(&decay, count);
    cr_assert_eq(look(), 5);
    cr_assert_eq(now, 0);
}
