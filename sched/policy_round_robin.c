/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * One after the other, beginning behind whoever had something last, and one further in each round in
 * vain: nobody is passed over, and no randomness is needed (compared with random and near ones by
 * Perarnau, Sato: Victim selection and distributed work stealing performance, IPDPS 2014). */
#include <sched/policy.h>

static unsigned victim(const fl_search *search)
{
    unsigned others = search->workers - 1, last = search->last;
    unsigned behind = last == search->self ? 0 : last < search->self ? last + 1 : last;
    return fl_nth_other(search, (behind + search->misses + search->attempt) % others);
}

const fl_policy fl_policy_round_robin = {"round-robin", "one after the other", victim};
