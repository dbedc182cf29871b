/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Calls, and the timer thread, wait for the holder of a lock before they change a pool or the
 * waiters of its context. */
#include <pthread.h>
#include <runtime/pool/pool.h>
#include <tests/support/pools.h>

TestSuite(pool_locks, .init = have_fibers);

/* It is held: until somebody else waits for it. A fault lets go of it instead. */
static void expect_somebody_waits(const filch_u32 *lock)
{
    WAIT_WHILE(filch_u32_load(lock, FILCH_ACQUIRE) == FL_LOCK_HELD);
    cr_assert_eq(filch_u32_load(lock, FILCH_ACQUIRE), FL_LOCK_WAITED_FOR);
}

typedef struct caller {
    int (*call)(filch_pool *pool);
    filch_pool *pool;
    int rc;
} caller;

static void *calls(void *arg)
{
    caller *it = arg;
    it->rc = it->call(it->pool);
    return NULL;
}

static void expect_that_it_waits(int (*call)(filch_pool *pool), filch_pool *pool, filch_u32 *lock)
{
    pthread_t thread;
    caller it = {call, pool, -EINPROGRESS};
    fl_lock(lock);
    cr_assert_eq(pthread_create(&thread, NULL, calls, &it), 0);
    expect_somebody_waits(lock);
    fl_unlock(lock);
    pthread_join(thread, NULL);
    cr_assert_eq(it.rc, 0);
}

static int resize(filch_pool *pool)
{
    return filch_pool_resize(pool, 2);
}

Test(pool_locks, another_width_is_set_under_the_lock)
{
    static const filch_pool_config configs[] = {{.workers = 1, .width = 1},
                                                {.workers = 1, .max_workers = 2}};
    for (unsigned i = 0; i < 2; i++) {
        filch_pool *pool = pool_of(configs[i]);
        expect_that_it_waits(resize, pool, &pool->room.lock);
        cr_assert_eq(filch_pool_destroy(pool), 0);
    }
}

Test(pool_locks, destruction_leaves_the_waiters_of_a_context_under_its_lock)
{
    filch_pool *pool = pool_of((filch_pool_config){.workers = 1, .width = 1});
    filch_context *context = filch_context_retain(pool->context);
    expect_that_it_waits(filch_pool_destroy, pool, &context->lock);
    filch_context_release(context);
}

/* false: its deadline was over before the lock was held. */
static bool times_out_under_the_lock(int64_t timeout)
{
    gate at;
    filch_pool *pool = pool_of((filch_pool_config){.workers = 1, .width = 1});
    block(pool, &at);
    filch_job *job = job_of(pool, succeeds, NULL, &(filch_job_options){.timeout = timeout});
    fl_lock(&pool->room.lock);
    const bool waits = job->outcome == FILCH_UNDECIDED;
    if (waits)
        expect_somebody_waits(&pool->room.lock);
    fl_unlock(&pool->room.lock);
    cr_assert_eq(filch_job_wait(job, FILCH_FOREVER), -ETIMEDOUT);
    filch_job_release(job);
    signpost_raise(&at.go);
    cr_assert_eq(filch_pool_destroy(pool), 0);
    return waits;
}

Test(pool_locks, a_deadline_passes_under_the_lock)
{
    int64_t timeout = FILCH_MILLISECOND;
    while (!times_out_under_the_lock(timeout))
        timeout *= 2;
}
