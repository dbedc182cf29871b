/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Exercise 2: squares of integers, by five workers. So far nobody but the caller works.
 *
 *   cc starter.c check.c $(pkg-config --cflags --libs filch) -o check && ./check */
#include "exercise.h"

#include <errno.h>
#include <filch/filch.h>
#include <filch/pools.h>
#include <stdlib.h>

/* A job has one pointer for all it needs: where its number is, and where the square belongs. */
typedef struct request {
    const long *number;
    long *square;
} request;

/* TODO 1: a job function for one square: static int run(filch_self, filch_job *, void *). */

int square_all(const long *numbers, long *squares, size_t count)
{
    request *requests = calloc(count ? count : 1, sizeof *requests);
    if (!requests)
        return -ENOMEM;
    /* TODO 2: a pool with five jobs in progress at a time. */
    for (size_t i = 0; i < count; i++) {
        requests[i] = (request){&numbers[i], &squares[i]};
        *requests[i].square = square(*requests[i].number); /* TODO 3: submit it instead. Each job
                                                              needs a request of its own. */
    }
    /* TODO 4: the jobs use the requests: destroy the pool before they are freed. */
    free(requests);
    return 0;
}
