/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Exercise 2: squares of integers, by five workers. A solution. */
#include "exercise.h"

#include <errno.h>
#include <filch/filch.h>
#include <filch/pools.h>
#include <stdlib.h>

/* A job has one pointer for all it needs: to its number, and to the place of the square. */
typedef struct request {
    const long *number;
    long *square;
} request;

/* exercise: 1: a job function for one square: static int run(filch_self, filch_job *, void *). */
static int run(filch_self self, filch_job *job, void *data)
{
    (void)self, (void)job;
    request *one = data;
    *one->square = square(*one->number);
    return 0;
}
/* end */

int square_all(const long *numbers, long *squares, size_t count)
{
    request *requests = calloc(count ? count : 1, sizeof *requests);
    if (!requests)
        return -ENOMEM;
    /* exercise: 2: a pool with five jobs in progress at a time. */
    filch_pool *pool = NULL;
    int rc = filch_pool_create(&pool, &(filch_pool_config){.width = 5});
    /* starter: int rc = 0; */
    /* end */
    for (size_t i = 0; i < count && !rc; i++) {
        requests[i] = (request){&numbers[i], &squares[i]};
        /* exercise: 3: submit it instead. Each job needs a request of its own. */
        rc = FILCH_SUBMIT(pool, run, &requests[i]);
        /* starter: *requests[i].square = square(*requests[i].number); */
        /* end */
    }
    /* exercise: 4: the jobs use the requests: destroy the pool before they are freed. */
    int ended = filch_pool_destroy(pool);
    rc = rc ? rc : ended;
    /* end */
    free(requests);
    return rc;
}
