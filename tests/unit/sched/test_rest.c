/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <sched/rest.h>
#include <tests/support/test.h>

enum { NS = 20000 };

static uint64_t word(unsigned searchers, unsigned sleepers, unsigned retired)
{
    return searchers * FL_IDLE_SEARCHER + sleepers * FL_IDLE_SLEEPER + retired * FL_IDLE_RETIRED;
}

Test(rest, only_last_searcher_looks_or_naps)
{
    int64_t vain_nap = 0;
    for (int woken = 0; woken < 2; woken++)
        for (int64_t nap = 0; nap <= NS; nap += NS) {
            fl_rest rest = fl_rest_begin(word(2, 1, 0), nap, woken, &vain_nap);
            cr_expect(rest.how == FL_REST_WAIT && !rest.nap && !rest.vain);
        }
    cr_expect_eq(fl_rest_begin(word(1, 5, 0), 0, false, &vain_nap).how, FL_REST_LOOK);
    cr_expect_eq(vain_nap, 0);
}

Test(rest, profit_nap_keeps_duration_stays_wakeable)
{
    int64_t vain_nap = 0;
    for (int woken = 0; woken < 2; woken++) {
        fl_rest rest = fl_rest_begin(word(1, 0, 0), NS, woken, &vain_nap);
        cr_expect(rest.how == FL_REST_NAP && rest.nap == NS && !rest.vain);
    }
    cr_expect_eq(vain_nap, 0);
}

Test(rest, useless_wakeup_naps_double_to_cap)
{
    int64_t vain_nap = 0, expected = FL_VAIN_NAP_FIRST;
    for (int i = 0; i < 12; i++) {
        fl_rest rest = fl_rest_begin(word(1, 3, 0), 0, true, &vain_nap);
        cr_expect(rest.how == FL_REST_NAP && rest.vain);
        cr_expect_eq(rest.nap, expected, "the %dth: %lld", i, (long long)rest.nap);
        cr_expect_eq(vain_nap, expected);
        expected = 2 * expected < FL_VAIN_NAP_LONGEST ? 2 * expected : FL_VAIN_NAP_LONGEST;
    }
    cr_expect_eq(vain_nap, (int64_t)FL_VAIN_NAP_LONGEST);
}

Test(rest, retired_workers_have_no_pending_stores)
{
    cr_expect(fl_rest_alone(word(1, 3, 0), 4));
    cr_expect_not(fl_rest_alone(word(1, 2, 1), 4));
    cr_expect_not(fl_rest_alone(word(1, 2, 0), 4));
    cr_expect_not(fl_rest_fences(word(1, 3, 0), 4));
    cr_expect_not(fl_rest_fences(word(1, 2, 1), 4));
    cr_expect(fl_rest_fences(word(1, 2, 0), 4));
}
