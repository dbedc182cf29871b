/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Calls, and the timer thread, wait for the holder of a lock before they change a pool or the
 * waiters of its context. */
#include <pthread.h>
#include <runtime/pool/deadlines.h>
#include <runtime/pool/pool.h>
#include <tests/support/pools.h>
#include <tests/support/test.h>

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

Test(pool_locks, resize_sets_width_under_lock)
{
    static const filch_pool_config configs[] = {{.workers = 1, .width = 1},
                                                {.workers = 1, .max_workers = 2}};
    for (unsigned i = 0; i < 2; i++) {
        filch_pool *pool = pool_of(configs[i]);
        expect_that_it_waits(resize, pool, &pool->queue.room.lock);
        OK(filch_pool_destroy(pool));
    }
}

Test(pool_locks, destroy_unlinks_from_context_under_lock)
{
    filch_pool *pool = pool_of((filch_pool_config){.workers = 1, .width = 1});
    filch_context *context = filch_context_retain(pool->context);
    expect_that_it_waits(filch_pool_destroy, pool, &context->lock);
    filch_context_release(context);
}

static int cancel(filch_pool *pool)
{
    return filch_context_cancel(pool->context, -ECANCELED);
}

Test(pool_locks, pending_watcher_call_prevents_rest)
{
    pthread_t thread;
    filch_pool *pool = pool_of((filch_pool_config){.workers = 1, .width = 1});
    caller it = {cancel, pool, -EINPROGRESS};
    fl_lock(&pool->queue.room.lock);
    cr_assert_eq(pthread_create(&thread, NULL, calls, &it), 0);
    expect_somebody_waits(&pool->queue.room.lock);
    fl_pool_unwatch(pool);
    cr_assert(!fl_pool_at_rest(pool));
    fl_unlock(&pool->queue.room.lock);
    pthread_join(thread, NULL);
    cr_assert_eq(it.rc, 0);
    fl_lock(&pool->queue.room.lock);
    cr_assert(fl_pool_at_rest(pool));
    fl_unlock(&pool->queue.room.lock);
    OK(filch_pool_destroy(pool));
}

/* false: its deadline was over before the lock was held. */
static bool times_out_under_the_lock(int64_t timeout)
{
    gate at;
    filch_pool *pool = pool_of((filch_pool_config){.workers = 1, .width = 1});
    block(pool, &at);
    filch_job *job = job_of(pool, succeeds, NULL, &(filch_job_options){.timeout = timeout});
    fl_lock(&pool->queue.room.lock);
    const bool waits = job->outcome == FILCH_UNDECIDED;
    if (waits)
        expect_somebody_waits(&pool->queue.room.lock);
    fl_unlock(&pool->queue.room.lock);
    cr_assert_eq(filch_job_wait(job, FILCH_FOREVER), -ETIMEDOUT);
    filch_job_release(job);
    signpost_raise(&at.go);
    OK(filch_pool_destroy(pool));
    return waits;
}

Test(pool_locks, a_deadline_passes_under_the_lock)
{
    int64_t timeout = FILCH_MILLISECOND;
    while (!times_out_under_the_lock(timeout))
        timeout *= 2;
}

/* ---- Between two locks of one call ---- */

/* Called where the thread has no lock: lets the test take one. */
typedef struct stop {
    fl_waiter waiter; /* first */
    fl_node node;
    signpost reached, go;
} stop;

static void stops(fl_waiter *waiter)
{
    stop *here = (stop *)waiter;
    signpost_raise(&here->reached);
    signpost_wait(&here->go, 1);
}

static void stop_at(stop *here, filch_waiters *queue, filch_u32 *lock)
{
    *here = (stop){.waiter = {.told = stops}};
    here->node = (fl_node){.waiter = &here->waiter};
    fl_lock(lock);
    fl_waiters_add(queue, &here->node);
    fl_unlock(lock);
}

/* From there it waits for the lock of the pool. */
static void expect_the_next_lock(stop *here, filch_pool *pool)
{
    signpost_wait(&here->reached, 1);
    fl_lock(&pool->queue.room.lock);
    signpost_raise(&here->go);
    expect_somebody_waits(&pool->queue.room.lock);
    fl_unlock(&pool->queue.room.lock);
}

static int shut_down(filch_pool *pool)
{
    return (int)filch_pool_shutdown_now(pool);
}

/* Its job has the only worker, so nobody else comes for the lock. */
Test(pool_locks, shutdown_walks_running_jobs_under_lock)
{
    gate at = {0};
    stop here;
    pthread_t thread;
    filch_context *apart;
    OK(filch_context_create(&apart, NULL));
    filch_pool *pool = pool_of((filch_pool_config){.workers = 1, .width = 1});
    filch_job *job = job_of(pool, hog, &at, &(filch_job_options){.context = apart});
    signpost_wait(&at.begun, 1);
    filch_context *own = filch_job_context(job);
    stop_at(&here, &own->waiters, &own->lock);
    caller it = {shut_down, pool, -EINPROGRESS};
    cr_assert_eq(pthread_create(&thread, NULL, calls, &it), 0);
    expect_the_next_lock(&here, pool);
    pthread_join(thread, NULL);
    cr_assert_eq(it.rc, 0);
    signpost_raise(&at.go);
    OK(filch_pool_destroy(pool));
    filch_job_release(job);
    filch_context_release(apart);
}

static int shuts_down_in_an_hour(filch_self self, filch_job *job, void *pool)
{
    return filch_pool_shutdown(pool, filch_in(3600 * FILCH_SECOND)) == -EDEADLK ? 0 : -EPROTO;
}

Test(pool_locks, job_sets_shutdown_time_under_lock)
{
    stop here;
    filch_pool *pool = pool_of((filch_pool_config){.workers = 1, .width = 1});
    stop_at(&here, &pool->rest.closers, &pool->queue.room.lock);
    filch_job *job = job_of(pool, shuts_down_in_an_hour, pool, NULL);
    expect_the_next_lock(&here, pool);
    OK(filch_job_wait(job, FILCH_FOREVER));
    filch_job_release(job);
    OK(filch_pool_destroy(pool));
}

/* ---- The entry of a run timeout ---- */

/* Before the watch of the job, which may give it its outcome. false: its time is over. */
static bool stop_before_all(stop *here, filch_context *context)
{
    *here = (stop){.waiter = {.told = stops}};
    here->node = (fl_node){.waiter = &here->waiter};
    fl_lock(&context->lock);
    const bool in_time = !filch_context_cause(context);
    if (in_time) {
        fl_node *first = context->waiters.first;
        fl_waiters_remove(&context->waiters, first);
        fl_waiters_add(&context->waiters, &here->node);
        fl_waiters_add(&context->waiters, first);
    }
    fl_unlock(&context->lock);
    return in_time;
}

static size_t entries_of(filch_pool *pool)
{
    fl_lock(&pool->queue.room.lock);
    const size_t count = pool->deadlines.run_dues.count;
    fl_unlock(&pool->queue.room.lock);
    return count;
}

static bool keeps_its_entry(int64_t run_timeout)
{
    gate at = {0};
    stop here;
    filch_context *apart;
    OK(filch_context_create(&apart, NULL));
    filch_pool *pool = pool_of((filch_pool_config){.workers = 1, .width = 1});
    filch_job *job =
        job_of(pool, hog, &at, &(filch_job_options){.context = apart, .run_timeout = run_timeout});
    WAIT_WHILE(!signpost_count(&at.begun) && filch_job_outcome(job) == FILCH_UNDECIDED);
    const bool in_time = stop_before_all(&here, filch_job_context(job));
    if (in_time) {
        signpost_wait(&here.reached, 1);
        cr_assert_eq(entries_of(pool), 1);
        signpost_raise(&here.go);
    }
    cr_assert_eq(filch_job_wait(job, FILCH_FOREVER), -ETIMEDOUT);
    signpost_raise(&at.go);
    OK(filch_pool_destroy(pool));
    filch_job_release(job);
    filch_context_release(apart);
    return in_time;
}

Test(pool_locks, overrun_job_keeps_entry_until_outcome)
{
    int64_t run_timeout = 5 * FILCH_MILLISECOND;
    while (!keeps_its_entry(run_timeout))
        run_timeout *= 2;
}
