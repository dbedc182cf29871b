/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Of several random victims, the one that has most. Two choices are nearly as good as looking at
 * all (Mitzenmacher: The power of two choices in randomized load balancing, IEEE TPDS 2001). For
 * stealing see Mitzenmacher: Analyses of load stealing models based on differential equations, SPAA
 * 1998. Each look costs as much as an attempt to steal from an empty victim. */
#include <sched/victims/policy.h>

enum { SAMPLES = 4 };

static unsigned of_two(const fl_search *search)
{
    return fl_longest_of(search, 2);
}

static unsigned of_many(const fl_search *search)
{
    return fl_longest_of(search, SAMPLES);
}

const fl_policy fl_policy_power_of_two = {"power-of-two-choices", "the longer of two", of_two};
const fl_policy fl_policy_richest = {"richest", "the longest of four", of_many};
