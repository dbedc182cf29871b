/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/pool/intake.h>

#include <runtime/pool/deadlines.h>
#include <runtime/pool/order.h>
#include <runtime/pool/pool.h>
#include <runtime/sync/wait.h>
#include <sched/assert.h>

#ifdef FILCH_TINY
enum { MOST = 2 };
#else
enum { MOST = 128 };
#endif
enum { CREDITS_AT = 48, AHEAD = 4 };

static const uint64_t ONE = UINT64_C(1) << CREDITS_AT;

static uint64_t credits_of(uint64_t word)
{
    return word >> CREDITS_AT;
}

static filch_job *first_of(uint64_t word)
{
    return (filch_job *)(uintptr_t)(word & (ONE - 1));
}

/* The jobs that this thread pushed last, into any pool: only for prefetching. */
static __thread struct {
    filch_job *pushed[AHEAD];
    unsigned at;
} last __attribute__((tls_model("initial-exec")));

bool fl_intake_push(filch_pool *pool, filch_job *job)
{
    const uint64_t address = (uintptr_t)job;
    uint64_t word = filch_u64_load(&pool->intake.arrivals, FILCH_RELAXED), pushed; /* a look */
    if (credits_of(address))
        return false;
    job->age.previous = last.pushed[last.at];
    last.pushed[last.at] = job;
    last.at = (last.at + 1) % AHEAD;
    do {
        if (!credits_of(word))
            return false;
        job->age.next = first_of(word);
        pushed = ((credits_of(word) - 1) << CREDITS_AT) | address;
    } while (
        !filch_u64_cas(&pool->intake.arrivals, &word, pushed, FILCH_RELEASE)); /* PushArrival */
    return true;
}

/* A list of `count` jobs. */
static filch_job *oldest_first(filch_job *newest, uint64_t count)
{
    filch_job *first = NULL;
    for (filch_job *job = newest, *older; job; job = older) {
        older = job->age.next;
        if (count-- > AHEAD)
            fl_job_prefetch(job->age.previous, job);
        job->age.next = first;
        first = job;
    }
    return first;
}

/* There is room for it (fl_dues_expect). */
static void have_due(filch_job *job)
{
    FL_ASSERT(job->more->deadline == FILCH_FOREVER || job->pool->deadlines.expected);
    int rc = fl_due_enter(job);
    FL_ASSERT(!rc);
    (void)rc;
}

/* Appends the list of `word` to the queue. left: the credits that remain; 0: it is closed. */
static void append(filch_pool *pool, uint64_t word, uint64_t left)
{
    const uint64_t count = pool->queue.credits - credits_of(word);
    pool->queue.credits = left;
    for (filch_job *job = oldest_first(first_of(word), count), *younger; job; job = younger) {
        younger = job->age.next;
        fl_job_number(job);
        if (fl_is_own(job))
            have_due(job);
        fl_pool_append(pool, job);
    }
    if (!left)
        fl_dues_expect_none(pool);
}

void fl_intake_close(filch_pool *pool)
{
    if (!pool->queue.credits)
        return;
    uint64_t word =
        filch_u64_exchange(&pool->intake.arrivals, 0, FILCH_ACQUIRE); /* CollectArrivals */
    append(pool, word, 0);
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
    append(pool, word, credits_of(left));
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
    if (pool->queue.credits || !pool->intake.used)
        return;
    uint64_t credits = grant(pool);
    if (credits)
        credits = fl_dues_expect(pool, credits);
    if (!credits)
        return;
    pool->queue.credits = credits;
    filch_u64_store(&pool->intake.arrivals, credits << CREDITS_AT,
                    FILCH_RELAXED); /* relaxed: the lock */
}
