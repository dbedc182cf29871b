/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Uniformly random victims (Blumofe, Leiserson: Scheduling multithreaded computations by work
 * stealing, JACM 1999). */
#include <sched/policy.h>
#include <sched/rng.h>

static unsigned victim(unsigned self, unsigned workers, unsigned attempt, uint64_t *rng)
{
    (void)attempt;
    unsigned other = fl_rng_below(rng, workers - 1);
    return other < self ? other : other + 1;
}

const fl_policy fl_policy_random = {"random", "each victim equally likely", victim};
