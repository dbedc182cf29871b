/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Exercise 5: a priority pool. A solution. */
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
    /* exercise: 1: let the pool go by priority (order). */
    filch_pool_config config = {.width = 1, .order = FILCH_PRIORITY};
    /* starter: filch_pool_config config = {.width = 1, .order = FILCH_FIFO}; */
    /* end */
    int rc = filch_pool_create(&pool, &config);
    if (rc)
        return rc;
    for (size_t i = 0; i < count && !rc; i++)
        /* exercise: 2: pass the urgency: FILCH_SUBMIT_AS, with .priority = ... */
        rc = FILCH_SUBMIT_AS(pool, answer_one, (void *)&calls[i], .priority = calls[i].urgency);
    /* starter:     rc = FILCH_SUBMIT(pool, answer_one, (void *)&calls[i]); */
    /* end */
    all_have_called();
    int ended = filch_pool_destroy(pool);
    return rc ? rc : ended;
}
