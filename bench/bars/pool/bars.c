/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The bars of worker pools, beside one written by hand, and oneTBB where it is found. */
#include "bars.h"

int main(int argc, char **argv)
{
    static const bar bars[] = {
        {"pool-jobs", NULL, jobs_judge, 1000000, "JOBS of a round, >= 4000"},
        {"pool-start", "idle", start_idle, 1000,
         "SUBMISSIONS to an idle pool, and ten times as many at half load"},
        {"pool-start", "load", start_load, BARS_SAME},
        {"pool-memory", NULL, memory_judge, 1000000, "JOBS that wait"},
        {"pool-limits", NULL, limits_judge, 10000, "MILLISECONDS; --repeat is of no use"},
        {"pool-million", NULL, million_judge, 1000000, "JOBS of a round"},
    };
    return bars_main(argc, argv, bars, sizeof bars / sizeof bars[0]);
}
