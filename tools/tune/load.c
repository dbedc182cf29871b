/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "load.h"

#include <filch/timer.h>
#include <math.h>
#include <tools/shared/clock.h>

enum { TRIALS = 9, TRIAL_TURNS = 400000 };

const tune_load tune_loads[LOADS] = {
    {.name = "cpu",
     .what = "computes 200us; 5 % of the jobs one by one",
     .cpu = 200000,
     .serial = 0.05},
    {.name = "io", .what = "computes 50us, waits 5ms", .cpu = 50000, .wait = 5000000},
    {.name = "mixed", .what = "computes 200us, waits 800us", .cpu = 200000, .wait = 800000},
};

/* Each turn needs the one before; no memory is touched. The result has to go somewhere. */
static uint64_t burn(uint64_t turns)
{
    uint64_t x = turns;
    for (uint64_t i = 0; i < turns; i++)
        x = x * 6364136223846793005u + 1442695040888963407u;
    return x;
}

void load_calibrate(tune_load *load)
{
    double best = INFINITY;
    for (int i = 0; i < TRIALS; i++) {
        double start = seconds_of(CLOCK_THREAD_CPUTIME_ID);
        volatile uint64_t kept = burn(TRIAL_TURNS);
        (void)kept;
        best = fmin(best, seconds_of(CLOCK_THREAD_CPUTIME_ID) - start);
    }
    load->turns = (uint64_t)((double)load->cpu * 1e-9 / best * TRIAL_TURNS);
}

int64_t load_run(const tune_load *load)
{
    int64_t waited = 0;
    volatile uint64_t kept = burn(load->turns / 2);
    if (load->wait) {
        waited = filch_now();
        filch_sleep(load->wait);
        waited = filch_now() - waited;
    }
    kept = burn(load->turns - load->turns / 2);
    (void)kept;
    return waited;
}

double load_seconds(const tune_load *load)
{
    return (double)(load->cpu + load->wait) * 1e-9;
}

double load_busy(const tune_load *load)
{
    return (double)load->cpu * 1e-9 / load_seconds(load);
}
