/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Checks exercise 9. Calls may be as late as the machine makes them, but none may be early: with
 * the burst saved up, call number BURST + n is due n periods after the beginning. */
#include "exercise.h"

#include "../check.h"

enum { CALLS = 30, WIDTH = 8 };

static int64_t beginning;
static int made[CALLS];

void call(int number)
{
    CHECK_THAT(number >= 0 && number < CALLS, "there is no call %d", number);
    work_begins("call", number);
    filch_mutex_lock(&work.mutex);
    int64_t now = filch_now(); /* all that have begun had their permits by now */
    int64_t due = beginning + (work.begun - BURST) * (FILCH_SECOND / RATE);
    CHECK_THAT(now >= due, "call %d is the %dth, and comes %d us too early", number, work.begun,
               (int)((due - now) / FILCH_MICROSECOND));
    made[number]++;
    filch_mutex_unlock(&work.mutex);
    dawdle();
    work_ends();
}

int main(void)
{
    check_begin();
    beginning = filch_now();
    returned("call_all", call_all(CALLS));
    check_work("call", CALLS, WIDTH);
    for (int i = 0; i < CALLS; i++)
        CHECK_THAT(made[i] == 1, "call %d was made %d times, not once", i, made[i]);
    return check_end();
}
