/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Checks exercise 8. */
#include "exercise.h"

#include "../check.h"

enum { PAGES = 24, WIDTH = 4, SLOW = 3 };

static filch_u32 given_up[PAGES];

static bool slow(int page)
{
    return page % 8 == 2;
}

int fetch(filch_context *context, int page)
{
    work_begins("page", page);
    CHECK_THAT(context,
               "page %d is fetched without a context: it cannot learn that its time is over", page);
    CHECK_THAT(!slow(page) || filch_context_deadline(context) != FILCH_FOREVER,
               "page %d would take forever: its context has no deadline", page);
    int rc = slow(page) ? filch_context_wait(context, FILCH_FOREVER) : 0;
    work_ends();
    return rc;
}

void give_up(int page)
{
    CHECK_THAT(page >= 0 && page < PAGES, "there is no page %d", page);
    filch_u32_add(&given_up[page], 1, FILCH_RELAXED);
}

/* Pages that are not slow were given up, or some were never begun: on a machine that is busy, the
 * time may be too short. */
static bool in_haste(void)
{
    bool hasty = work.begun < PAGES;
    for (int i = 0; i < PAGES; i++)
        hasty = hasty || (!slow(i) && filch_u32_load(&given_up[i], FILCH_RELAXED));
    return hasty;
}

static int once(int64_t timeout)
{
    memset(given_up, 0, sizeof given_up);
    memset(&work, 0, sizeof work);
    return fetch_all(PAGES, timeout);
}

int main(void)
{
    check_begin();
    int64_t timeout = 50 * FILCH_MILLISECOND;
    int rc = once(timeout);
    for (int tries = 0; tries < 3 && in_haste(); tries++)
        rc = once(timeout *= 4);
    for (int i = 0; i < PAGES; i++) {
        int times = (int)filch_u32_load(&given_up[i], FILCH_RELAXED);
        CHECK_THAT(slow(i) || !times, "page %d is quick, but was given up", i);
        CHECK_THAT(!slow(i) || times == 1,
                   "page %d is too slow, and was given up %d times, not once", i, times);
    }
    check_work("page", PAGES, WIDTH);
    CHECK_THAT(rc == SLOW, "fetch_all has returned %d; %d pages are too slow", rc, SLOW);
    return check_end();
}
