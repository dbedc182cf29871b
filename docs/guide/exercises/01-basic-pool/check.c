/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Checks exercise 1. */
#include "exercise.h"

#include "../check.h"

enum { HOUSES = 12, WIDTH = 3 };

static int visits[HOUSES];

void visit(int house)
{
    CHECK_THAT(house >= 0 && house < HOUSES, "there is no house %d; the last one is %d", house,
               HOUSES - 1);
    work_begins("house", house);
    wait_for_begun(WIDTH);
    dawdle();
    visits[house]++;
    work_ends();
}

int main(void)
{
    check_begin();
    if_stuck = "there should be three jobs in progress at a time, but the pool is not so wide";
    returned("visit_all", visit_all(HOUSES));
    check_work("house", HOUSES, WIDTH);
    for (int i = 0; i < HOUSES; i++)
        CHECK_THAT(visits[i] == 1, "house %d was visited %d times, not once", i, visits[i]);
    return check_end();
}
