/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The timed tasks of a pool: destroying the pool waits for those that are on their way. */
#include <pthread.h>
#include <runtime/engine/threads.h>
#include <runtime/pool/pool.h>
#include <tests/support/engine.h>
#include <tests/support/pools.h>
#include <tests/support/test.h>

#define HOUR (3600 * FILCH_SECOND)
/* The timer thread itself answers the one after these. */
enum { TASKS = FL_ALARM_DUE };

static int calls_for_a_shutdown(filch_self self, filch_job *job, void *pool)
{
    return filch_pool_shutdown(pool, filch_in(HOUR)) == -EDEADLK ? 0 : -EPROTO;
}

/* It has all of them, and none is due before a test is over. Closed. */
static filch_pool *alarmed_pool(filch_runtime *rt, filch_limiter *limiter)
{
    filch_pool *pool = pool_of((filch_pool_config){
        .runtime = rt, .width_max = 2, .interval = HOUR, .shrink_after = HOUR, .limiter = limiter});
    filch_job *job = job_of(pool, calls_for_a_shutdown, pool, NULL);
    OK(filch_job_wait(job, FILCH_FOREVER));
    filch_job_release(job);
    OK(filch_pool_wait(pool, FILCH_FOREVER));
    for (unsigned i = 0; i < TASKS; i++)
        cr_assert(fl_alarm_was_made(&pool->alarms[i]), "%u", i);
    return pool;
}

static void *go_on_later(void *arg)
{
    occupation *it = arg;
    filch_sleep(2 * FILCH_MILLISECOND);
    signpost_raise(&it->over);
    return NULL;
}

/* `those`: a bit for each. Their tasks wait for the only worker, which is busy. */
static void expect_wait_for(unsigned those, filch_limiter *limiter)
{
    occupation it = {{0}, {0}};
    pthread_t thread;
    filch_runtime *rt = config_runtime(0, 0);
    filch_pool *pool = alarmed_pool(rt, limiter);
    OK(filch_go(rt, occupy, &it));
    signpost_wait(&it.begun, 1);
    for (unsigned i = 0; i < TASKS; i++)
        if (those >> i & 1)
            occupied_ring(&pool->queue.room.lock, &pool->alarms[i]);
    cr_assert_eq(filch_pool_wait(pool, 0), 0, "those are no jobs");
    cr_assert_eq(pthread_create(&thread, NULL, go_on_later, &it), 0);
    OK(filch_pool_destroy(pool));
    cr_assert(!those || signpost_count(&it.over), "it has waited");
    pthread_join(thread, NULL);
    OK(filch_runtime_destroy(rt));
}

Test(pool_alarms, destroy_waits_for_rung_alarms)
{
    filch_limiter *limiter;
    OK(filch_limiter_create(&limiter, (filch_limit){.rate = 1000, .burst = 100}));
    for (unsigned those = 0; those < 1U << TASKS; those++)
        expect_wait_for(those, limiter);
    filch_limiter_destroy(limiter);
}

Test(pool_alarms, pool_makes_only_needed_alarms)
{
    filch_pool *pool = pool_of((filch_pool_config){.workers = 1, .width = 1});
    for (unsigned i = 0; i < FL_POOL_ALARMS; i++)
        cr_assert(!fl_alarm_was_made(&pool->alarms[i]), "%u", i);
    OK(filch_pool_destroy(pool));
}

/* Done before the next is submitted; returns when the alarm rings then. */
static int64_t alarm_after_one(filch_pool *pool)
{
    filch_job *job = job_of(pool, succeeds, NULL, &(filch_job_options){.timeout = HOUR});
    OK(filch_job_wait(job, FILCH_FOREVER));
    filch_job_release(job);
    return pool->alarms[FL_ALARM_DUE].at;
}

static void look_for_deadlocks(uint32_t how)
{
    filch_u32_store(&fl_detector_on, how, FILCH_RELAXED); /* a look's */
}

Test(pool_alarms, jobs_in_time_keep_the_alarm)
{
    filch_pool *pool = pool_of((filch_pool_config){.workers = 1, .width = 1});
    look_for_deadlocks(FL_DETECTOR_OFF);
    int64_t first = alarm_after_one(pool);
    cr_assert_neq(first, FILCH_FOREVER);
    cr_assert_eq(alarm_after_one(pool), first, "a later deadline does not move it");
    look_for_deadlocks(FL_DETECTOR_WARNS);
    cr_assert_eq(alarm_after_one(pool), first, "it would cost each job");
    look_for_deadlocks(FL_DETECTOR_REPORTS);
    cr_assert_eq(alarm_after_one(pool), FILCH_FOREVER, "else the report would have to wait for it");
    OK(filch_pool_destroy(pool));
}
