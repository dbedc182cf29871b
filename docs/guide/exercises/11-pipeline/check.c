/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Checks exercise 11. */
#include "exercise.h"

#include "../check.h"

enum { ITEMS = 100, REFINERS = 3 };

static filch_mutex line;
static int taken, begun_to_store, all_stored, storing, most_storing; /* under the mutex */
static int refined[ITEMS], stored[ITEMS];
static filch_waitgroup full;

int next_item(void)
{
    CHECK_THAT(!in_a_task(), "a job takes an item; only the caller of run_line may");
    filch_mutex_lock(&line);
    int item = taken < ITEMS ? taken++ : -1;
    int under_way = taken - all_stored;
    filch_mutex_unlock(&line);
    CHECK_THAT(under_way <= ON_THE_LINE,
               "%d items have been taken and not yet stored; there is room for %d at most",
               under_way, ON_THE_LINE);
    return item;
}

long refine(int item)
{
    work_begins("item", item);
    wait_for_begun(REFINERS);
    if (item == ITEMS - 1)
        dawdle(); /* all have been taken by now, and not all are stored */
    refined[item]++;
    work_ends();
    return 2L * item + 1;
}

/* Until nothing is taken any more: then the line is full, or has no limit. */
static void wait_until_full(void)
{
    for (int before = -1, now = 0; now != before;) {
        before = now;
        filch_sleep(50 * FILCH_MILLISECOND);
        filch_mutex_lock(&line);
        now = taken;
        filch_mutex_unlock(&line);
    }
}

void store(int item, long result)
{
    CHECK_THAT(in_a_task(), "item %d is stored by the calling thread; submit it as a job", item);
    CHECK_THAT(item >= 0 && item < ITEMS, "there is no item %d", item);
    CHECK_THAT(result == 2L * item + 1, "item %d is stored with a value that is not its own", item);
    filch_mutex_lock(&line);
    bool first = !begun_to_store++;
    if (++storing > most_storing)
        most_storing = storing;
    filch_mutex_unlock(&line);
    if (first) {
        wait_until_full();
        filch_waitgroup_done(&full);
    }
    filch_waitgroup_wait(&full);
    filch_mutex_lock(&line);
    storing--;
    all_stored++;
    stored[item]++;
    filch_mutex_unlock(&line);
}

int main(void)
{
    check_begin();
    filch_waitgroup_add(&full, 1);
    if_stuck = "three items should be refined at a time; or a job that hands on waits forever";
    returned("run_line", run_line());
    check_work("item", ITEMS, REFINERS);
    CHECK_THAT(most_storing <= 1, "%d items were stored at the same time; the store is one wide",
               most_storing);
    for (int i = 0; i < ITEMS; i++)
        CHECK_THAT(refined[i] == 1 && stored[i] == 1,
                   "item %d was refined %d times and stored %d times; once is right", i, refined[i],
                   stored[i]);
    return check_end();
}
