/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Exercise 5: a priority pool. Here who calls first is answered first, fire or not.
 *
 *   cc starter.c check.c $(pkg-config --cflags --libs filch) -o check && ./check */
#include "exercise.h"

#include <filch/filch.h>
#include <filch/pools.h>

static int answer_one(filch_self self, filch_job *job, void *data)
{
    (void)self, (void)job;
    answer(data);
    return 0;
}

int answer_calls(const call *calls, size_t count)
{
    filch_pool *pool;
    /* TODO 1: let the pool go by priority (order). */
    filch_pool_config config = {.width = 1, .order = FILCH_FIFO};
    int rc = filch_pool_create(&pool, &config);
    if (rc)
        return rc;
    for (size_t i = 0; i < count && !rc; i++)
        rc = FILCH_SUBMIT(pool, answer_one, (void *)&calls[i]); /* TODO 2: say how urgent it is:
                                                       FILCH_SUBMIT_AS, with .priority = ... */
    all_have_called();
    int ended = filch_pool_destroy(pool);
    return rc ? rc : ended;
}
