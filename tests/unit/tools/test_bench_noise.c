/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <tests/support/test.h>
#include <tools/bench/noise.h>

static report quiet_report = {.pulse = 1e9};

/* Three samples of a quiet machine, but for one number of each. */
static unsigned noise_with(size_t at, double first, double second, double third)
{
    static cell c;
    const double values[] = {first, second, third};
    c.sample_count = 3;
    for (int i = 0; i < 3; i++) {
        c.samples[i] = (sample){.pulse = 0.99e9, .other_share = -0.01};
        memcpy((char *)&c.samples[i] + at, &values[i], sizeof values[i]);
    }
    return noise_of(&quiet_report, &c);
}

#define NOISE(field, ...) noise_with(offsetof(sample, field), __VA_ARGS__)

static unsigned bit_of(const char *name)
{
    for (unsigned i = 0; i < NOISE_KINDS; i++)
        if (strcmp(noise_kinds[i].name, name) == 0)
            return 1u << i;
    return 0;
}

Test(bench_noise, a_quiet_machine_has_none)
{
    cr_expect(NOISE(runs, 1, 1, 1) == 0);
}

/* Counted in steps of 10 ms: one sample alone says little. */
Test(bench_noise, other_programs_count_by_their_mean)
{
    cr_expect(NOISE(other_share, 0.12, 0.01, 0.01) == 0);
    cr_expect(NOISE(other_share, 0.16, 0.01, 0.01) == bit_of("others"));
    cr_expect(NOISE(stolen_share, 0.03, 0.01, 0.01) == 0);
    cr_expect(NOISE(stolen_share, 0.05, 0.01, 0.01) == bit_of("stolen"));
}

Test(bench_noise, quotas_and_heat_count)
{
    cr_expect(NOISE(quota_share, 0.05, 0, 0) == bit_of("quota"));
    cr_expect(NOISE(throttle_events, 0, 0, 1) == bit_of("hot"));
}

Test(bench_noise, a_clock_below_its_best_counts)
{
    cr_expect(NOISE(pulse, 0.5e9, 0.96e9, 0.96e9) == 0);
    cr_expect(NOISE(pulse, 0.94e9, 0.94e9, 0.96e9) == bit_of("clock"));
}
