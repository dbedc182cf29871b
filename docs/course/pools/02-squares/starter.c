/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Exercise 2: squares of integers, by five workers. So far nobody but the caller works.
 *
 *   cc starter.c check.c $(pkg-config --cflags --libs filch) -o check && ./check */
#include "exercise.h"

#include <errno.h>
#include <filch/filch.h>
#include <stdlib.h>

/* A job has one pointer for all it needs: where its number is, and where the square belongs. */
typedef struct errand {
    const long *number;
    long *square;
} errand;

/* TODO 1: a job function that does an errand: static int run(filch_self, filch_job *, void *). */

int square_all(const long *numbers, long *squares, size_t count)
{
    errand *errands = calloc(count ? count : 1, sizeof *errands);
    if (!errands)
        return -ENOMEM;
    /* TODO 2: a pool with five jobs in progress at a time. */
    for (size_t i = 0; i < count; i++) {
        errands[i] = (errand){&numbers[i], &squares[i]};
        *errands[i].square = square(*errands[i].number); /* TODO 3: submit it instead. Each job
                                                            needs an errand of its own. */
    }
    /* TODO 4: the jobs use the errands: destroy the pool before they are freed. */
    free(errands);
    return 0;
}
