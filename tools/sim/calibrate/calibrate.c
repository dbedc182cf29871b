/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "calibrate.h"

#include <bench/bind.h>
#include <filch/base.h>
#include <string.h>

/* The first round only warms up. */
static int measure(calibration *c, unsigned rounds)
{
    static int (*const parts[])(calibrate_round *) = {calibrate_inline, calibrate_lines,
                                                      calibrate_steals};
    for (unsigned i = 0; i <= rounds; i++) {
        c->rounds = i ? i : 1;
        for (size_t k = 0; k < sizeof parts / sizeof parts[0]; k++) {
            int rc = parts[k](&c->round[c->rounds - 1]);
            if (rc)
                return rc;
        }
    }
    return 0;
}

int calibrate(unsigned rounds, calibrated *out)
{
    static calibration all;
    const bool several = calibrate_tier(&all.tier);
    const int rc = measure(&all, rounds);
    if (rc) {
        fprintf(stderr, "filch sim: a measurement failed: %s (%s)\n", filch_error(), strerror(-rc));
        return rc;
    }
    if (!several)
        fputs("filch sim: there is one processor only; costs of steals and wake-ups keep their "
              "built-in values\n",
              stderr);
    else if (bench_affinity_refused())
        fputs("filch sim: the system refuses to pin threads (sched_setaffinity); costs of cache "
              "lines keep their built-in values\n",
              stderr);
    calibrate_derive(&all, out);
    return 0;
}
