/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Checks exercise 5. */
#include "exercise.h"

#include "../check.h"

enum { CALLS = 24 };

static call order[CALLS]; /* in which they were answered */
static int answered;
static filch_waitgroup calling;

void answer(const call *one)
{
    work_begins("call", one->number);
    filch_waitgroup_wait(&calling);
    dawdle();
    if (answered < CALLS)
        order[answered++] = *one;
    work_ends();
}

void all_have_called(void)
{
    filch_waitgroup_done(&calling);
}

/* Should the first of them be answered before the other? */
static bool goes_before(const call *one, const call *other)
{
    return one->urgency != other->urgency ? one->urgency > other->urgency
                                          : one->number < other->number;
}

int main(void)
{
    call calls[CALLS];
    check_begin();
    filch_waitgroup_add(&calling, 1);
    if_stuck = "the calls wait for you to say that all have called, and you wait for the calls";
    for (int i = 0; i < CALLS; i++)
        calls[i] = (call){i, (unsigned)(i * 5 + 1) % 8};
    returned("answer_calls", answer_calls(calls, CALLS));
    check_work("call", CALLS, 1);
    for (int i = 2; i < CALLS; i++) { /* the very first may have been begun before others came */
        const call *before = &order[i - 1], *after = &order[i];
        CHECK_THAT(goes_before(before, after),
                   "call %d, of urgency %u, was answered before call %d, of urgency %u",
                   before->number, before->urgency, after->number, after->urgency);
    }
    return check_end();
}
