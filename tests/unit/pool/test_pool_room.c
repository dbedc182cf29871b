/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Jobs that wait for room in their own pool, which is full: they are refused (-EDEADLK) only where
 * nobody else could make some. Here another runner has nothing to do for now, and will come. */
#include <runtime/pool/pool.h>
#include <tests/support/pools.h>
#include <tests/support/test.h>

enum { RATE = 20 };

TestSuite(pool_room, .init = have_fibers);

/* Is the calling job the only one in progress, no other runner about to look for one, and the pool
 * at its least? */
static bool alone(filch_pool *pool)
{
    fl_lock(&pool->queue.room.lock);
    bool alone = pool->runners.active == 1 && pool->stats.width == pool->config.width;
    fl_unlock(&pool->queue.room.lock);
    return alone;
}

static filch_u32 attempts, succeeded;

/* The first attempt of all fails where that is retried. */
static int takes_room(filch_self self, filch_job *job, void *fails_first)
{
    if (!filch_u32_add(&attempts, 1, FILCH_ACQ_REL) && fails_first)
        return -EAGAIN;
    filch_u32_add(&succeeded, 1, FILCH_ACQ_REL);
    return 0;
}

typedef struct order_for {
    filch_pool *pool;
    void *fails_first;
} order_for;

/* One fills the queue, and is not begun until something is due; the next has to wait for that. */
static int submits_two(filch_self self, filch_job *job, void *arg)
{
    order_for *it = arg;
    int rc = FILCH_SUBMIT(it->pool, takes_room, it->fails_first);
    while (it->fails_first && !filch_u32_load(&attempts, FILCH_ACQUIRE))
        filch_yield(self);
    while (!alone(it->pool) && !filch_u32_load(&succeeded, FILCH_ACQUIRE))
        filch_yield(self);
    return rc ? rc : FILCH_SUBMIT(it->pool, takes_room, it->fails_first);
}

static void expect_room(filch_pool_config config, bool fails_first)
{
    config.workers = 2;
    config.capacity = 1;
    filch_pool *pool = pool_of(config);
    order_for it = {pool, fails_first ? pool : NULL};
    attempts = succeeded = (filch_u32){0};
    filch_job *job = job_of(pool, submits_two, &it, NULL);
    cr_assert_eq(filch_job_wait(job, FILCH_FOREVER), 0, "%s", filch_error());
    filch_job_release(job);
    OK(filch_pool_destroy(pool));
    cr_assert_eq(filch_u32_load(&succeeded, FILCH_ACQUIRE), 2);
}

Test(pool_room, due_permit_promises_room)
{
    filch_limiter *limiter;
    OK(filch_limiter_create(&limiter, (filch_limit){.rate = RATE, .burst = 1}));
    expect_room((filch_pool_config){.width = 2, .limiter = limiter}, false);
    filch_limiter_destroy(limiter);
}

static const filch_retry_policy retry = {.attempts = 2, .base = FILCH_SECOND / RATE};

Test(pool_room, due_retry_promises_room)
{
    expect_room((filch_pool_config){.width = 2, .retry = &retry}, true);
}

Test(pool_room, pool_growth_promises_room)
{
    expect_room((filch_pool_config){.width = 1,
                                    .width_max = 2,
                                    .interval = FILCH_MILLISECOND / 10,
                                    .shrink_after = FILCH_MILLISECOND,
                                    .retry = &retry},
                true);
}

/* ---- A rendezvous ---- */

Test(pool_room, rendezvous_has_room_for_width_jobs)
{
    enum { WIDTH = 2 };
    gate at = {0};
    filch_pool *pool = pool_of((filch_pool_config){
        .workers = 1, .width = WIDTH, .capacity = FILCH_RENDEZVOUS, .full = FILCH_FULL_REJECT});
    for (unsigned i = 0; i < WIDTH; i++)
        cr_assert_eq(FILCH_SUBMIT(pool, stand_still, &at), 0);
    cr_assert_eq(FILCH_SUBMIT(pool, stand_still, &at), -EAGAIN);
    signpost_raise(&at.go);
    OK(filch_pool_destroy(pool));
}
