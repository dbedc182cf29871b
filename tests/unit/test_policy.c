/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <criterion/criterion.h>
#include <sched/policy.h>
#include <sched/rng.h>
#include <stddef.h>
#include <string.h>

Test(policy, registry_has_names_and_descriptions_of_their_own)
{
    cr_assert_eq(fl_policies[0], &fl_policy_random, "the default");
    for (unsigned i = 0; fl_policies[i]; i++) {
        cr_assert_gt(strlen(fl_policies[i]->name), 0);
        cr_assert_gt(strlen(fl_policies[i]->what), 0);
        for (unsigned k = 0; k < i; k++)
            cr_assert_str_neq(fl_policies[i]->name, fl_policies[k]->name);
    }
}

Test(policy, victim_is_another_worker)
{
    uint64_t rng = fl_rng_seed(1, 0);
    for (unsigned p = 0; fl_policies[p]; p++)
        for (unsigned workers = 2; workers < 20; workers++)
            for (unsigned self = 0; self < workers; self++)
                for (unsigned attempt = 0; attempt + 1 < workers; attempt++) {
                    unsigned victim = fl_policies[p]->victim(self, workers, attempt, &rng);
                    cr_assert_lt(victim, workers);
                    cr_assert_neq(victim, self);
                }
}

Test(policy, random_takes_every_victim_about_equally_often)
{
    enum { WORKERS = 9, ROUNDS = 8000 };
    for (unsigned self = 0; self < WORKERS; self++) {
        unsigned seen[WORKERS] = {0};
        uint64_t rng = fl_rng_seed(99, self);
        for (unsigned i = 0; i < ROUNDS; i++)
            seen[fl_policy_random.victim(self, WORKERS, i % (WORKERS - 1), &rng)]++;
        for (unsigned v = 0; v < WORKERS; v++)
            if (v != self)
                cr_assert(seen[v] > 850 && seen[v] < 1150, "%u took %u %u times", self, v, seen[v]);
    }
}
