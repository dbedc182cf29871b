/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Checks exercise 6. */
#include "exercise.h"

#include "../check.h"

enum { SENSORS = 60, WIDTH = 4 };

static int noted[SENSORS];
static filch_waitgroup first_note;
static bool any;

/* The last one takes until something has been noted: so results cannot all be noted at the end. */
long measure(int sensor)
{
    work_begins("sensor", sensor);
    wait_for_begun(WIDTH);
    if (sensor == SENSORS - 1) {
        if_stuck = "nothing is noted before all has been measured: receive while the jobs are in "
                   "progress, and destroy the pool after that";
        filch_waitgroup_wait(&first_note);
    }
    work_ends();
    return 1000L + sensor * 3L;
}

void note(int sensor, long result)
{
    CHECK_THAT(!in_a_task(), "sensor %d is noted by a job; only the caller of collect may do that",
               sensor);
    CHECK_THAT(sensor >= 0 && sensor < SENSORS, "there is no sensor %d", sensor);
    CHECK_THAT(result == 1000L + sensor * 3L, "sensor %d: %ld was noted, but not measured", sensor,
               result);
    noted[sensor]++;
    if (!any)
        filch_waitgroup_done(&first_note);
    any = true;
}

int main(void)
{
    check_begin();
    filch_waitgroup_add(&first_note, 1);
    if_stuck =
        "there should be four jobs in progress at a time; or somebody receives more than is sent, "
        "or sends what nobody receives";
    returned("collect", collect(SENSORS));
    check_work("sensor", SENSORS, WIDTH);
    for (int i = 0; i < SENSORS; i++)
        CHECK_THAT(noted[i] == 1, "sensor %d was noted %d times, not once", i, noted[i]);
    return check_end();
}
