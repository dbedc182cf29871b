/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/pool/intake.h>

#include <runtime/pool/order.h>
#include <runtime/pool/pool.h>
#include <runtime/sync/wait.h>

#ifdef FILCH_TINY
enum { MOST = 2 };
#else
enum { MOST = 128 };
#endif
enum { CREDITS_AT = 48 };

static const uint64_t ONE = UINT64_C(1) << CREDITS_AT;

static uint64_t credits_of(uint64_t word)
{
    return word >> CREDITS_AT;
}

static filch_job *first_of(uint64_t word)
{
    return (filch_job *)(uintptr_t)(word & (ONE - 1));
}

bool fl_intake_push(filch_pool *pool, filch_job *job)
{
    const uint64_t address = (uintptr_t)job;
    uint64_t word = filch_u64_load(&pool->intake.arrivals, FILCH_RELAXED), pushed; /* a look */
    if (credits_of(address))
        return false;
    do {
        if (!credits_of(word))
            return false;
        job->age.next = first_of(word);
        pushed = ((credits_of(word) - 1) << CREDITS_AT) | address;
    } while (
        !filch_u64_cas(&pool->intake.arrivals, &word, pushed, FILCH_RELEASE)); /* PushArrival */
    return true;
}

static filch_job *oldest_first(filch_job *newest)
{
    filch_job *first = NULL;
    for (filch_job *job = newest, *older; job; job = older) {
        older = job->age.next;
        job->age.next = first;
        first = job;
    }
    return first;
}

static void append(filch_pool *pool, filch_job *newest)
{
    for (filch_job *job = oldest_first(newest), *younger; job; job = younger) {
        younger = job->age.next;
        fl_job_number(job);
        fl_pool_append(pool, job);
    }
}

void fl_intake_close(filch_pool *pool)
{
    fl_intake *intake = &pool->intake;
    if (!filch_u64_load(&intake->arrivals,
                        FILCH_RELAXED)) /* relaxed: only the lock's holder opens it */
        return;
    uint64_t word = filch_u64_exchange(&intake->arrivals, 0, FILCH_ACQUIRE); /* CollectArrivals */
    append(pool, first_of(word));
}

void fl_intake_collect(filch_pool *pool)
{
    filch_u64 *arrivals = &pool->intake.arrivals;
    uint64_t word = filch_u64_load(arrivals, FILCH_RELAXED), left; /* a look */
    do {
        if (!first_of(word))
            return;
        left = credits_of(word) << CREDITS_AT;
    } while (!filch_u64_cas(arrivals, &word, left, FILCH_ACQUIRE)); /* CollectArrivals */
    append(pool, first_of(word));
}

static bool somebody_comes(const filch_pool *pool)
{
    return pool->runners.seeking || fl_pool_is_full(pool, 1);
}

/* How many jobs may be accepted without the lock from now on. */
static uint64_t grant(const filch_pool *pool)
{
    const uint64_t queued = fl_pool_queued(pool);
    bool minded = !pool->width.elastic.most || pool->stats.waiting;
    if (fl_pool_meets(pool) || queued >= pool->config.capacity || !minded ||
        !somebody_comes(pool) || fl_waiters_any(&pool->queue.room.waiters) ||
        pool->deadlines.notified ||
        filch_u32_load(&pool->closed, FILCH_RELAXED)) /* relaxed: under the lock */
        return 0;
    const uint64_t room = pool->config.capacity - queued;
    return room < MOST ? room : MOST;
}

void fl_intake_open(filch_pool *pool)
{
    fl_intake *intake = &pool->intake;
    if (intake->used &&
        !filch_u64_load(&intake->arrivals, FILCH_RELAXED)) /* relaxed: under the lock */
        filch_u64_store(&intake->arrivals, grant(pool) << CREDITS_AT,
                        FILCH_RELAXED); /* relaxed: the lock */
}
