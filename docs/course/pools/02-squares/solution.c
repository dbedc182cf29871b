/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Exercise 2: squares of integers, by five workers. A solution. */
#include "exercise.h"

#include <errno.h>
#include <filch/filch.h>
#include <stdlib.h>

typedef struct errand {
    const long *number;
    long *square;
} errand;

static int run(filch_self self, filch_job *job, void *data)
{
    (void)self, (void)job;
    errand *one = data;
    *one->square = square(*one->number);
    return 0;
}

int square_all(const long *numbers, long *squares, size_t count)
{
    filch_pool *pool;
    int rc = filch_pool_create(&pool, &(filch_pool_config){.width = 5});
    if (rc)
        return rc;
    errand *errands = calloc(count ? count : 1, sizeof *errands);
    if (!errands)
        rc = -ENOMEM;
    for (size_t i = 0; i < count && !rc; i++) {
        errands[i] = (errand){&numbers[i], &squares[i]};
        rc = FILCH_SUBMIT(pool, run, &errands[i]);
    }
    int ended = filch_pool_destroy(pool);
    free(errands); /* now no job is left that could look at them */
    return rc ? rc : ended;
}
