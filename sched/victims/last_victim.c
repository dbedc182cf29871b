/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * First the last victim that had something, then random ones: a rich victim probably still is.
 * Taskflow's thieves do so (Huang, Lin, Lin, Lin: Taskflow, IEEE TPDS 2022). A find elsewhere
 * changes the favourite. */
#include <sched/victims/policy.h>

#include <stdbool.h>

static unsigned victim(const fl_search *search)
{
    bool again = search->attempt == 0 && search->last != search->self;
    return again ? search->last : fl_any_other(search);
}

const fl_policy fl_policy_last_victim = {"last-victim", "the last successful victim, then any",
                                         victim};
