/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Checks exercise 12: two services, one whose requests all come to their end, and one of which a
 * request does not. */
#include "exercise.h"

#include "../check.h"

#include <errno.h>

enum { WIDTH = 4, LAST = 20 /* with which the stop comes */, NONE = -1 };

static filch_context *stop;
static int taken, stubborn;
static filch_u32 served[LAST + 1];

int next_request(void)
{
    CHECK_THAT(taken <= LAST, "request %d was taken after the stop", taken);
    if (taken == LAST) {
        wait_for_begun(WIDTH);
        filch_context_cancel(stop, 0);
    }
    return taken++;
}

/* Running jobs take a little longer when the stop comes. */
int serve(filch_context *context, int request)
{
    work_begins("request", request);
    if (request < WIDTH) {
        filch_context_wait(stop, FILCH_FOREVER);
        dawdle();
    }
    if (request == stubborn)
        filch_context_wait(context, FILCH_FOREVER);
    else if (stubborn == NONE) /* elsewhere patience may have come to its end, on a busy machine */
        CHECK_THAT(!filch_context_cause(context),
                   "request %d was in progress when the stop came, and was cancelled: let it end",
                   request);
    filch_u32_add(&served[request], 1, FILCH_RELAXED);
    work_ends();
    return filch_context_cause(context);
}

static int run(int stubborn_one, int64_t patience)
{
    taken = 0;
    stubborn = stubborn_one;
    memset(served, 0, sizeof served);
    memset(&work, 0, sizeof work);
    if (filch_context_create(&stop, NULL))
        not_yet("%s", filch_error());
    int rc = serve_until(stop, patience);
    CHECK_THAT(filch_context_cause(stop), "it returns before it was told to stop");
    filch_context_release(stop);
    return rc;
}

int main(void)
{
    check_begin();
    if_stuck = "there should be four jobs in progress at a time, but the pool is not so wide";
    returned("serve_until", run(NONE, FILCH_FOREVER / 2));
    for (int i = 0; i <= LAST; i++)
        CHECK_THAT(filch_u32_load(&served[i], FILCH_RELAXED) == 1,
                   "request %d was taken, and was not served", i);
    check_work("request", LAST + 1, WIDTH);
    if_stuck = "a request does not come to its end: when your patience is over, cancel it";
    int rc = run(2, 300 * FILCH_MILLISECOND);
    CHECK_THAT(rc == -ETIMEDOUT,
               "one request had to be cancelled; serve_until has returned %d, not -ETIMEDOUT", rc);
    return check_end();
}
