/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Rows of events as columns of numbers, for a page: base64 of little-endian float64 and uint32. */
#ifndef TRACE_COLUMNS_H
#define TRACE_COLUMNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum { COLUMN_TIMES = 2, COLUMN_NUMBERS = 3 };

/* Zero bytes: empty. */
typedef struct columns {
    double *time[COLUMN_TIMES];
    uint32_t *number[COLUMN_NUMBERS];
    size_t count, room;
} columns;

/* The row's number; SIZE_MAX: no memory. Its columns are 0. */
size_t columns_add(columns *c);
void columns_free(columns *c);
/* {"count": N, "time0": "...", ..., "number0": "..."}, with so many of each. */
void columns_write(const columns *c, unsigned times, unsigned numbers, FILE *out);

#endif
