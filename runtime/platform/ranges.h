/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Numbers of a struct that a user has filled in, with their ranges: tables for checks. */
#ifndef FL_RANGES_H
#define FL_RANGES_H

#include <stddef.h>
#include <stdint.h>

typedef struct fl_range {
    const char *name;
    int64_t value, most; /* valid: 0..most; INT64_MAX: without a bound */
    const char *unit;    /* for the message */
} fl_range;

/* The first that is out of its range, or NULL. */
static inline const fl_range *fl_range_missed(const fl_range *ranges, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (ranges[i].value < 0 || ranges[i].value > ranges[i].most)
            return &ranges[i];
    return NULL;
}

#endif
