/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "noise.h"

#include "summary.h"

/* Above these shares, a measurement is spoilt. */
#define OTHERS 0.05
#define STOLEN 0.02
#define QUOTA 0.01
#define CLOCK 0.05

/* By the mean: counts too coarse for one sample are right on average. */
static double mean_of(const cell *c, size_t at)
{
    double sum = 0;
    for (int i = 0; i < c->sample_count; i++)
        sum += sample_number(&c->samples[i], at);
    return sum / c->sample_count;
}

static bool others_ran(const report *r, const cell *c)
{
    (void)r;
    return mean_of(c, offsetof(sample, other_share)) > OTHERS;
}

static bool was_stolen(const report *r, const cell *c)
{
    (void)r;
    return mean_of(c, offsetof(sample, stolen_share)) > STOLEN;
}

static bool quota_stopped_it(const report *r, const cell *c)
{
    (void)r;
    return mean_of(c, offsetof(sample, quota_share)) > QUOTA;
}

static bool was_hot(const report *r, const cell *c)
{
    (void)r;
    return mean_of(c, offsetof(sample, throttle_events)) > 0;
}

static bool clock_was_slow(const report *r, const cell *c)
{
    return median_of_field(c, offsetof(sample, pulse)) < (1 - CLOCK) * r->pulse;
}

static bool was_unpinned(const report *r, const cell *c)
{
    (void)r;
    return mean_of(c, offsetof(sample, unpinned)) > 0;
}

static const char again[] = "measure again on a quiet machine";

/* Kinds with the same remedy stand together. */
const noise_kind noise_kinds[] = {
    {"others", "other programs took more than 5 % of the machine", again, others_ran},
    {"stolen", "the hypervisor gave more than 2 % of the machine to other guests", again,
     was_stolen},
    {"quota", "a CPU quota stopped the threads for more than 1 % of the time", again,
     quota_stopped_it},
    {"hot", "processors slowed down because they were hot", again, was_hot},
    {"clock", "the clock was more than 5 % below its best", again, clock_was_slow},
    {"unpinned", "workers were not pinned, since the system refuses it",
     "allow sched_setaffinity, or choose FILCH_BIND=none", was_unpinned},
};
_Static_assert(sizeof noise_kinds / sizeof noise_kinds[0] == NOISE_KINDS, "as many as there are");

unsigned noise_of(const report *r, const cell *c)
{
    unsigned noise = 0;
    for (unsigned i = 0; i < NOISE_KINDS; i++)
        noise |= noise_kinds[i].is_there(r, c) ? 1u << i : 0;
    return noise;
}
