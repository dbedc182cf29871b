/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Victim policies by themselves, in a world of tables: each worker's distance and amount of
 * work. */
#include <sched/rng.h>
#include <sched/victims/policy.h>
#include <stdbool.h>
#include <stddef.h>
#include <tests/support/test.h>

enum { MOST = 64, TIERS = 4 };
static unsigned lengths[MOST];
static uint64_t rng;

/* Pairs share a core, fours a cache, sixteen a node. */
static unsigned distance(const fl_search *search, unsigned other)
{
    static const unsigned sizes[TIERS] = {2, 4, 16, MOST};
    unsigned tier = 0;
    cr_assert_lt(other, search->workers);
    while (search->self / sizes[tier] != other / sizes[tier])
        tier++;
    return tier;
}

static unsigned length(const fl_search *search, unsigned other)
{
    return lengths[other];
}

static fl_search search_of(unsigned self, unsigned workers)
{
    return (fl_search){.self = self,
                       .workers = workers,
                       .last = self,
                       .rng = &rng,
                       .distance = distance,
                       .length = length};
}

static void begin(void)
{
    rng = fl_rng_seed(99, 0);
    memset(lengths, 0, sizeof lengths);
}

TestSuite(policy, .init = begin);

Test(policy, registry_names_are_unique_and_described)
{
    cr_assert_eq(fl_policies[0], &fl_policy_random, "the default");
    for (unsigned i = 0; fl_policies[i]; i++) {
        cr_assert_gt(strlen(fl_policies[i]->name), 0);
        cr_assert_gt(strlen(fl_policies[i]->what), 0);
        for (unsigned k = 0; k < i; k++)
            cr_assert_str_neq(fl_policies[i]->name, fl_policies[k]->name);
    }
}

/* Every policy, every worker, every past. */
Test(policy, victim_is_another_worker)
{
    for (unsigned p = 0; fl_policies[p]; p++)
        for (unsigned workers = 2; workers < 20; workers++)
            for (unsigned self = 0; self < workers; self++)
                for (unsigned last = 0; last < workers; last++) {
                    fl_search search = search_of(self, workers);
                    search.last = last;
                    search.misses = last % 9;
                    for (; search.attempt + 1 < workers; search.attempt++) {
                        unsigned victim = fl_policies[p]->victim(&search);
                        cr_assert_lt(victim, workers, "%s", fl_policies[p]->name);
                        cr_assert_neq(victim, self, "%s", fl_policies[p]->name);
                    }
                }
}

/* A worker that has work is found in the end, however far, after unsuccessful attempts. */
Test(policy, nobody_is_passed_over_for_ever)
{
    enum { WORKERS = 48, ROUNDS = 200 };
    for (unsigned p = 0; fl_policies[p]; p++) {
        bool seen[WORKERS] = {false};
        fl_search search = search_of(5, WORKERS);
        search.last = 6;
        for (; search.misses < ROUNDS; search.misses++)
            for (search.attempt = 0; search.attempt + 1 < WORKERS; search.attempt++)
                seen[fl_policies[p]->victim(&search)] = true;
        for (unsigned v = 0; v < WORKERS; v++)
            cr_assert(v == 5 || seen[v], "%s never looks at %u", fl_policies[p]->name, v);
    }
}

Test(policy, random_picks_victims_evenly)
{
    enum { WORKERS = 9, ROUNDS = 8000 };
    for (unsigned self = 0; self < WORKERS; self++) {
        unsigned seen[WORKERS] = {0};
        fl_search search = search_of(self, WORKERS);
        rng = fl_rng_seed(99, self);
        for (unsigned i = 0; i < ROUNDS; i++) {
            search.attempt = i % (WORKERS - 1);
            seen[fl_policy_random.victim(&search)]++;
        }
        for (unsigned v = 0; v < WORKERS; v++)
            if (v != self)
                cr_assert(seen[v] > 850 && seen[v] < 1150, "%u took %u %u times", self, v, seen[v]);
    }
}

Test(policy, round_robin_visits_each_victim_once)
{
    enum { WORKERS = 7 };
    for (unsigned self = 0; self < WORKERS; self++)
        for (unsigned last = 0; last < WORKERS; last++) {
            unsigned seen[WORKERS] = {0};
            fl_search search = search_of(self, WORKERS);
            search.last = last;
            for (; search.attempt + 1 < WORKERS; search.attempt++)
                seen[fl_policy_round_robin.victim(&search)]++;
            for (unsigned v = 0; v < WORKERS; v++)
                cr_assert_eq(seen[v], v != self);
        }
}

Test(policy, round_robin_continues_after_last_success)
{
    fl_search search = search_of(3, 5);
    cr_assert_eq(fl_policy_round_robin.victim(&search), 0, "nobody yet");
    search.last = 1;
    cr_assert_eq(fl_policy_round_robin.victim(&search), 2);
    search.last = 2;
    cr_assert_eq(fl_policy_round_robin.victim(&search), 4, "not itself");
    search.last = 4;
    cr_assert_eq(fl_policy_round_robin.victim(&search), 0);
    search.misses = 1;
    cr_assert_eq(fl_policy_round_robin.victim(&search), 1);
}

Test(policy, last_victim_is_tried_first_once)
{
    unsigned again = 0;
    fl_search search = search_of(0, 50);
    search.last = 33;
    cr_assert_eq(fl_policy_last_victim.victim(&search), 33);
    for (search.attempt = 1; search.attempt < 49; search.attempt++)
        again += fl_policy_last_victim.victim(&search) == 33;
    cr_assert_lt(again, 10);
}

/* How far the farthest of many choices is. */
static unsigned farthest(unsigned self, unsigned workers, unsigned misses)
{
    unsigned most = 0;
    fl_search search = search_of(self, workers);
    search.misses = misses;
    for (unsigned i = 0; i < 1000; i++) {
        unsigned tier = distance(&search, fl_policy_nearest.victim(&search));
        most = tier > most ? tier : most;
    }
    return most;
}

Test(policy, nearest_climbs_tier_after_failed_rounds)
{
    cr_assert_eq(farthest(9, MOST, 0), 0);
    cr_assert_eq(farthest(9, MOST, 1), 0);
    cr_assert_eq(farthest(9, MOST, 2), 1);
    cr_assert_eq(farthest(9, MOST, 4), 2);
    cr_assert_eq(farthest(9, MOST, 6), 3);
    cr_assert_eq(farthest(9, MOST, 1000), 3);
}

Test(policy, nearest_begins_where_somebody_is)
{
    cr_assert_eq(farthest(4, 5, 0), 2, "alone on its core and in its cache");
    cr_assert_eq(farthest(0, 2, 1000), 0, "there is nobody farther");
    cr_assert_eq(farthest(0, 5, 1000), 2, "the only one there");
}

Test(policy, more_samples_find_richest_more_often)
{
    enum { WORKERS = 16, ROUNDS = 3000 };
    const fl_policy *const by_samples[] = {&fl_policy_random, &fl_policy_power_of_two,
                                           &fl_policy_richest};
    unsigned hits[3] = {0};
    lengths[11] = 8;
    for (unsigned p = 0; p < 3; p++)
        for (unsigned i = 0; i < ROUNDS; i++) {
            fl_search search = search_of(2, WORKERS);
            hits[p] += by_samples[p]->victim(&search) == 11;
        }
    /* 1/15, 2/15, nearly 4/15 */
    cr_assert(hits[0] > 120 && hits[0] < 280, "%u", hits[0]);
    cr_assert(hits[1] > 290 && hits[1] < 490, "%u", hits[1]);
    cr_assert(hits[2] > 580 && hits[2] < 880, "%u", hits[2]);
}

/* The test draws the same random numbers. */
Test(policy, first_of_longest_samples_wins)
{
    enum { WORKERS = 16, ROUNDS = 1000 };
    fl_search search = search_of(2, WORKERS);
    for (unsigned i = 0; i < ROUNDS; i++) {
        for (unsigned k = 0; k < WORKERS; k++)
            lengths[k] = fl_rng_below(&rng, 4);
        uint64_t same = rng;
        unsigned expected = fl_any_other(&search);
        for (unsigned k = 1; k < 4; k++) {
            unsigned other = fl_any_other(&search);
            expected = lengths[other] > lengths[expected] ? other : expected;
        }
        rng = same;
        cr_assert_eq(fl_longest_of(&search, 4), expected);
    }
}
