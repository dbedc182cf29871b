/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Room in a pool's queue, and the submitters that wait for it. All under the lock. */
#include <runtime/pool/room.h>

#include <runtime/pool/direct.h>
#include <runtime/pool/job.h>
#include <runtime/pool/order.h>
#include <runtime/pool/parts.h>
#include <runtime/pool/pool.h>
#include <runtime/pool/runner.h>
#include <runtime/sync/wait.h>

#include <errno.h>

/* More jobs run than there are places after a shrink. */
uint64_t fl_pool_free_places(const filch_pool *pool)
{
    const uint64_t places = pool->stats.width + pool->excused;
    const uint64_t taken = pool->stats.running - pool->beyond;
    return taken < places ? places - taken : 0;
}

uint64_t fl_pool_queued(const filch_pool *pool)
{
    const uint64_t free = fl_pool_free_places(pool), waiting = pool->stats.waiting;
    return pool->stats.delayed + (waiting > free ? waiting - free : 0);
}

bool fl_pool_has_room(const filch_pool *pool)
{
    if (fl_pool_meets(pool))
        return pool->stats.waiting < fl_pool_free_places(pool);
    return fl_pool_queued(pool) < pool->config.capacity;
}

void fl_pool_append(filch_pool *pool, filch_job *job)
{
    fl_job_become(job, FL_JOB_WAITING);
    fl_order_add(pool, job);
    pool->stats.waiting++;
    fl_pool_note_waiting(pool);
}

void fl_pool_queue(filch_pool *pool, filch_job *job, fl_after *after)
{
    fl_pool_append(pool, job);
    if (pool->direct.tallies)
        fl_direct_take_in(job, after);
    else
        fl_pool_rouse(pool, after);
}

void fl_pool_take_in(filch_pool *pool, filch_job *job, fl_after *after)
{
    if (fl_job_accept(job, after))
        fl_pool_queue(pool, job, after);
}

/* One of them. false: none can be told. */
static bool admit_first(filch_pool *pool, fl_after *after)
{
    fl_node *node = fl_waiters_claim(&pool->room.waiters);
    if (!node)
        return false;
    fl_submitter *one = node->data;
    fl_submitter_told(pool, one);
    fl_pool_take_in(pool, one->job, after);
    node->next = after->told;
    after->told = node;
    return true;
}

void fl_pool_admit_all(filch_pool *pool, fl_after *after)
{
    while (fl_waiters_any(&pool->room.waiters) && fl_pool_has_room(pool))
        if (!admit_first(pool, after))
            return;
}

/* A quarter of the capacity is free. */
static bool has_plenty(const filch_pool *pool)
{
    const size_t capacity = pool->config.capacity;
    return fl_pool_queued(pool) <= capacity - capacity / 4;
}

void fl_pool_admit(filch_pool *pool, fl_after *after)
{
    const fl_node *first = pool->room.waiters.first;
    if (first && (((const fl_submitter *)first->data)->prompt || has_plenty(pool)))
        fl_pool_admit_all(pool, after);
}

void fl_pool_turn_away(filch_pool *pool, fl_after *after)
{
    after->told = fl_waiters_claim_all(&pool->room.waiters, NULL);
    after->code = -EPIPE;
    for (fl_node *node = after->told; node; node = node->next)
        fl_submitter_told(pool, node->data);
}
