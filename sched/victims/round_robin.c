/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * One victim after the other, beginning behind the last one that had something, and one further
 * after each unsuccessful round. No victim is passed over, and no randomness is needed. (Compared
 * with random and near ones by Perarnau, Sato: Victim selection and distributed work stealing
 * performance, IPDPS 2014.) */
#include <sched/victims/policy.h>

static unsigned victim(const fl_search *search)
{
    unsigned others = search->workers - 1, last = search->last;
    unsigned behind = last == search->self ? 0 : last < search->self ? last + 1 : last;
    return fl_nth_other(search, (behind + search->misses + search->attempt) % others);
}

const fl_policy fl_policy_round_robin = {"round-robin", "one after the other", victim};
