/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Checks exercise 11. */
#include "exercise.h"

#include "../check.h"

enum { ITEMS = 100, REFINERS = 3 };

static filch_mutex line;
static int taken, all_stored, storing, refined[ITEMS], stored[ITEMS];

int next_item(void)
{
    CHECK_THAT(!in_a_task(), "a job takes an item; only who called run_line may");
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

/* The first one dawdles: the line fills up behind it. */
void store(int item, long result)
{
    CHECK_THAT(in_a_task(), "item %d is stored by your own caller; it should be a job", item);
    CHECK_THAT(item >= 0 && item < ITEMS, "there is no item %d", item);
    CHECK_THAT(result == 2L * item + 1, "item %d is stored with a value that is not its own", item);
    filch_mutex_lock(&line);
    bool first = !all_stored;
    int at_a_time = ++storing;
    filch_mutex_unlock(&line);
    CHECK_THAT(at_a_time == 1, "two items are stored at the same time; the store is one wide");
    if (first)
        filch_sleep(20 * FILCH_MILLISECOND);
    filch_mutex_lock(&line);
    storing--;
    all_stored++;
    stored[item]++;
    filch_mutex_unlock(&line);
}

int main(void)
{
    check_begin();
    if_stuck = "three items should be refined at a time; or a job that hands on waits for ever";
    returned("run_line", run_line());
    check_work("item", ITEMS, REFINERS);
    for (int i = 0; i < ITEMS; i++)
        CHECK_THAT(refined[i] == 1 && stored[i] == 1,
                   "item %d was refined %d times and stored %d times; once is right", i, refined[i],
                   stored[i]);
    return check_end();
}
