/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A parallel loop's speed-up: the time that its calls would take on one worker, by the time that
 * they took. Calls that take longer pay a tax. */
#ifndef SHARED_SPEED_UP_H
#define SHARED_SPEED_UP_H

#include <stdio.h>

/* "1.85"; "tax 8 %": calls take 8 % longer than on one worker; "-": there was no call. */
static inline const char *speed_up_text(double time, double serial, char *text, size_t size)
{
    const double tax = serial > 0 ? 100 * (time / serial - 1) : 0;
    if (time <= 0 || serial <= 0)
        snprintf(text, size, "-");
    else if (tax >= 0.5)
        snprintf(text, size, "tax %.0f %%", tax);
    else
        snprintf(text, size, "%.2f", serial / time);
    return text;
}

#endif
