/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Exercise 2: squares of integers, by five workers. A solution. */
#include "exercise.h"

#include <errno.h>
#include <filch/filch.h>
#include <filch/pools.h>
#include <stdlib.h>

typedef struct request {
    const long *number;
    long *square;
} request;

static int run(filch_self self, filch_job *job, void *data)
{
    (void)self, (void)job;
    request *one = data;
    *one->square = square(*one->number);
    return 0;
}

int square_all(const long *numbers, long *squares, size_t count)
{
    filch_pool *pool;
    int rc = filch_pool_create(&pool, &(filch_pool_config){.width = 5});
    if (rc)
        return rc;
    request *requests = calloc(count ? count : 1, sizeof *requests);
    if (!requests)
        rc = -ENOMEM;
    for (size_t i = 0; i < count && !rc; i++) {
        requests[i] = (request){&numbers[i], &squares[i]};
        rc = FILCH_SUBMIT(pool, run, &requests[i]);
    }
    int ended = filch_pool_destroy(pool);
    free(requests); /* now no job is left that could look at them */
    return rc ? rc : ended;
}
