/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Work of a given length: a loop that the compiler cannot shorten. */
#ifndef BARS_SPIN_H
#define BARS_SPIN_H

#include "measure.h"

static inline void spin_turns(long turns)
{
    for (long i = 0; i < turns; i++)
        __asm__ volatile("" : "+r"(i));
}

/* Turns that take one microsecond, by the fastest of some tries. */
static inline double spin_turns_per_us(void)
{
    const long turns = 2000000;
    double best = 1e9;
    for (int i = 0; i < 7; i++) {
        double from = measure_now();
        spin_turns(turns);
        best = fmin(best, measure_now() - from);
    }
    return (double)turns / best * 1e-6;
}

#endif
