/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Random victims among the nearest; after each PATIENCE unsuccessful rounds, those of the next tier
 * as well (hierarchical stealing: Min, Iancu, Yelick: Hierarchical work stealing on manycore
 * clusters, PGAS 2011). Tiers are hwloc's: core, cache, node, farther ones. */
#include <sched/rng.h>
#include <sched/victims/policy.h>

enum { PATIENCE = 2 };

static unsigned within(const fl_search *search, unsigned tier)
{
    unsigned count = 0;
    for (unsigned n = 0; n + 1 < search->workers; n++)
        count += search->distance(search, fl_nth_other(search, n)) <= tier;
    return count;
}

static unsigned nth_within(const fl_search *search, unsigned tier, unsigned nth)
{
    unsigned other = 0;
    for (unsigned n = 0; n + 1 < search->workers; n++) {
        other = fl_nth_other(search, n);
        if (search->distance(search, other) <= tier && nth-- == 0)
            break;
    }
    return other;
}

static unsigned victim(const fl_search *search)
{
    unsigned climbs = search->misses / PATIENCE, tier = 0, count;
    while ((count = within(search, tier)) == 0)
        tier++; /* no worker is so near */
    for (; climbs && count + 1 < search->workers; climbs--)
        count = within(search, ++tier);
    return nth_within(search, tier, fl_rng_below(search->rng, count));
}

const fl_policy fl_policy_nearest = {"nearest", "the same core, then cache, node, machine", victim};
