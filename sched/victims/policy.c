/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <sched/rng.h>
#include <sched/victims/policy.h>

#include <stddef.h>

const fl_policy *const fl_policies[] = {
    &fl_policy_random,
    &fl_policy_round_robin,
    &fl_policy_last_victim,
    &fl_policy_nearest,
    &fl_policy_power_of_two,
    &fl_policy_richest,
    NULL,
};

unsigned fl_any_other(const fl_search *search)
{
    return fl_nth_other(search, fl_rng_below(search->rng, search->workers - 1));
}

unsigned fl_longest_of(const fl_search *search, unsigned samples)
{
    unsigned best = fl_any_other(search), most = search->length(search, best);
    for (unsigned i = 1; i < samples; i++) {
        unsigned other = fl_any_other(search), length = search->length(search, other);
        if (length > most) {
            best = other;
            most = length;
        }
    }
    return best;
}
