/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Checks exercise 3. */
#include "exercise.h"

#include "../check.h"

enum { REQUESTS = 30, WIDTH = 2, ROOM = 4 };

static int served[REQUESTS], turned_away[REQUESTS];
static int number_turned_away;
static filch_waitgroup rush;

void serve(int request)
{
    work_begins("request", request);
    filch_waitgroup_wait(&rush);
    dawdle();
    served[request]++;
    work_ends();
}

void turn_away(int request)
{
    CHECK_THAT(request >= 0 && request < REQUESTS, "there is no request %d", request);
    turned_away[request]++;
    number_turned_away++;
}

void rush_is_over(void)
{
    int accepted = REQUESTS - number_turned_away;
    CHECK_THAT(accepted <= WIDTH + ROOM,
               "%d requests were accepted, none of which is done yet; there is room for %d",
               accepted, WIDTH + ROOM);
    CHECK_THAT(accepted >= ROOM, "only %d requests were accepted; there is room for %d", accepted,
               WIDTH + ROOM);
    if_stuck = "there should be two jobs in progress at a time, but the pool is not so wide";
    wait_for_begun(WIDTH);
    filch_waitgroup_done(&rush);
}

int main(void)
{
    check_begin();
    filch_waitgroup_add(&rush, 1);
    if_stuck =
        "you wait for room in the pool, and its jobs wait for the end of the rush: let a full "
        "pool refuse";
    returned("serve_crowd", serve_crowd(REQUESTS));
    check_work("request", REQUESTS - number_turned_away, WIDTH);
    for (int i = 0; i < REQUESTS; i++)
        CHECK_THAT(served[i] + turned_away[i] == 1,
                   "request %d was served %d times and turned away %d times", i, served[i],
                   turned_away[i]);
    return check_end();
}
