/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <sched/request.h>
#include <tests/support/test.h>

Test(request, mode_decides_requested_count)
{
    cr_expect_eq(fl_request_most(FL_TAKE_ONE, 16), 1u);
    cr_expect_eq(fl_request_most(FL_TAKE_HALF, 16), (uint32_t)FL_GIFT_MOST);
    cr_expect_eq(fl_request_most(FL_TAKE_ADAPTIVE, 16), 16u);
}

Test(request, owner_gives_half_or_one)
{
    for (uint64_t here = 0; here <= FL_HALF_FROM; here++)
        cr_expect_eq(fl_request_gift(here, false, FL_GIFT_MOST), here ? 1u : 0u);
    for (uint64_t here = 2; here < 1000; here++) {
        if (here > FL_HALF_FROM)
            cr_expect_eq(fl_request_gift(here, false, FL_GIFT_MOST), here / 2);
        cr_expect_eq(fl_request_gift(here, true, FL_GIFT_MOST), here / 2);
        cr_expect_eq(fl_request_gift(here, true, 1), 1u);
    }
    cr_expect_eq(fl_request_gift(1, true, FL_GIFT_MOST), 1u);
    cr_expect_eq(fl_request_gift(0, true, FL_GIFT_MOST), 0u);
}

Test(request, only_patient_thieves_await_silent_owner)
{
    for (int patient = 0; patient < 2; patient++) {
        cr_expect_eq(fl_request_next(FL_ASK_BUSY, patient), FL_REQUEST_LEAVE);
        cr_expect_eq(fl_request_next(FL_ASK_LEFT, patient), FL_REQUEST_WATCH);
    }
    cr_expect_eq(fl_request_next(FL_ASK_SILENT, false), FL_REQUEST_WITHDRAW);
    cr_expect_eq(fl_request_next(FL_ASK_SILENT, true), FL_REQUEST_WATCH);
}

Test(request, long_watch_needs_cpu_and_idleness)
{
    cr_expect_eq(fl_request_time(true, false), (unsigned)FL_REQUEST_TIME);
    cr_expect_eq(fl_request_time(true, true), (unsigned)FL_REQUEST_CROWDED);
    cr_expect_eq(fl_request_time(false, false), (unsigned)FL_REQUEST_CROWDED);
    cr_expect_eq(fl_request_time(false, true), (unsigned)FL_REQUEST_CROWDED);
}

Test(request, silence_makes_next_watches_brief)
{
    unsigned left = fl_request_silences(0);
    cr_expect_eq(left, (unsigned)FL_REQUEST_BRIEF);
    for (unsigned i = 0; i < FL_REQUEST_BRIEF; i++)
        left = fl_request_silences(left);
    cr_expect_eq(left, 0, "and then one for the whole time");
}

Test(request, lone_ready_item_is_watched_first)
{
    cr_expect_eq(fl_request_ready(-1), FL_READY_LEAVE); /* a pop is under way */
    cr_expect_eq(fl_request_ready(0), FL_READY_LEAVE);
    cr_expect_eq(fl_request_ready(1), FL_READY_WATCH);
    cr_expect_eq(fl_request_ready(2), FL_READY_TAKE);
}

Test(request, long_deque_thief_returns_for_part)
{
    for (int64_t left = 0; left < 200; left++) {
        int64_t more = fl_request_more(left);
        cr_expect_eq(fl_request_again(left, FL_TAKE_ADAPTIVE), left > FL_AGAIN_LEAST);
        cr_expect_not(fl_request_again(left, FL_TAKE_ONE));
        cr_expect_not(fl_request_again(left, FL_TAKE_HALF));
        cr_expect(more <= FL_AGAIN_MOST && (more == FL_AGAIN_MOST || more == left / FL_AGAIN_PART));
    }
}
