/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The sides of the pools' bars that are no other library's: pools of Filch in several
 * configurations, and the one written by hand. */
#ifndef BARS_POOL_SIDES_H
#define BARS_POOL_SIDES_H

#include "../../peers/jobpool.h"
#include "../../peers/jobs.h"
#include "../child.h"
#include "bars.h"

enum { POOL_ROOM = 4096 }; /* of bounded queues */

/* ---- Filch ---- */

typedef struct pool_ours {
    filch_pool *pool;
    long each;     /* jobs that one sower submits */
    uint64_t done; /* in all runs so far */
} pool_ours;

static inline void *pool_open_ours(filch_pool_config config)
{
    pool_ours *ours = pool_memory(1, sizeof *ours);
    ours->pool = pool_with(config);
    return ours;
}

static inline void *pool_open_default(unsigned workers, long most, bool inside)
{
    return pool_open_ours((filch_pool_config){.workers = workers});
}

static inline void *pool_open_fifo(unsigned workers, long most, bool inside)
{
    return pool_open_ours((filch_pool_config){.workers = workers,
                                              .order = FILCH_FIFO,
                                              .capacity = inside ? (size_t)most : POOL_ROOM});
}

static inline void pool_burst(void *side, long count)
{
    pool_ours *ours = side;
    for (long i = 0; i < count; i++)
        measure_check(FILCH_SUBMIT(ours->pool, pool_nothing, NULL));
}

enum { POOL_BATCH = 128 };

/* The same by calls for so many at a time. */
static inline void pool_burst_many(void *side, long count)
{
    static void *const nothing[POOL_BATCH];
    pool_ours *ours = side;
    for (long left = count; left > 0; left -= POOL_BATCH)
        measure_check(filch_pool_submit_all(ours->pool, pool_nothing, nothing,
                                            (size_t)(left < POOL_BATCH ? left : POOL_BATCH), NULL,
                                            FILCH_FOREVER, NULL));
}

static inline int pool_sower(filch_self self, filch_job *job, void *side)
{
    pool_burst(side, ((pool_ours *)side)->each);
    return 0;
}

static inline int pool_sower_many(filch_self self, filch_job *job, void *side)
{
    pool_burst_many(side, ((pool_ours *)side)->each);
    return 0;
}

static inline void pool_sow_by(filch_job_fn *sower, pool_ours *ours, long sowers, long each)
{
    ours->each = each;
    for (long i = 0; i < sowers; i++)
        measure_check(FILCH_SUBMIT(ours->pool, sower, ours));
}

static inline void pool_sow(void *side, long sowers, long each)
{
    pool_sow_by(pool_sower, side, sowers, each);
}

static inline void pool_sow_many(void *side, long sowers, long each)
{
    pool_sow_by(pool_sower_many, side, sowers, each);
}

static inline void pool_wait(void *side, long count)
{
    pool_ours *ours = side;
    ours->done = pool_settle(ours->pool, ours->done, count);
}

static const jobs_side pool_default = {"filch",  pool_open_default, pool_burst,
                                       pool_sow, pool_wait,         false};
static const jobs_side pool_many = {"filch, 128 at a time", pool_open_default, pool_burst_many,
                                    pool_sow_many,          pool_wait,         false};
static const jobs_side pool_fifo = {"filch fifo", pool_open_fifo, pool_burst,
                                    pool_sow,     pool_wait,      false};

/* ---- By hand ---- */

typedef struct pool_hand {
    jobpool *pool;
    long each;
    uint64_t done;
} pool_hand;

/* cpus: as for jobpool_create. */
static inline jobpool *pool_by_hand(unsigned workers, size_t room, const int *cpus)
{
    jobpool *pool;
    measure_expect(!jobpool_create(&pool, workers, room, cpus), "no pool by hand");
    return pool;
}

static inline void *pool_open_hand(unsigned workers, size_t room)
{
    pool_hand *hand = pool_memory(1, sizeof *hand);
    hand->pool = pool_by_hand(workers, room, NULL);
    return hand;
}

static inline void *pool_open_hand_small(unsigned workers, long most, bool inside)
{
    return pool_open_hand(workers, inside ? (size_t)most : POOL_ROOM);
}

static inline void *pool_open_hand_large(unsigned workers, long most, bool inside)
{
    return pool_open_hand(workers, (size_t)most);
}

static inline void pool_hand_nothing(void *data)
{
}

static inline void pool_hand_burst(void *side, long count)
{
    pool_hand *hand = side;
    for (long i = 0; i < count; i++)
        jobpool_submit(hand->pool, pool_hand_nothing, NULL);
}

static inline void pool_hand_sower(void *side)
{
    pool_hand_burst(side, ((pool_hand *)side)->each);
}

static inline void pool_hand_sow(void *side, long sowers, long each)
{
    pool_hand *hand = side;
    hand->each = each;
    for (long i = 0; i < sowers; i++)
        jobpool_submit(hand->pool, pool_hand_sower, hand);
}

static inline void pool_hand_wait(void *side, long count)
{
    pool_hand *hand = side;
    uint64_t done = jobpool_wait(hand->pool);
    if (done != hand->done + (uint64_t)count)
        child_die("hand", "its account is wrong");
    hand->done = done;
}

static const jobs_side pool_hand_small = {"hand",        pool_open_hand_small, pool_hand_burst,
                                          pool_hand_sow, pool_hand_wait,       false};
static const jobs_side pool_hand_large = {"hand, room for all", pool_open_hand_large,
                                          pool_hand_burst,      pool_hand_sow,
                                          pool_hand_wait,       true};

#endif
