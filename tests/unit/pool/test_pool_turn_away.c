/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Submitters that wait for room in a full pool: closing it refuses them while its jobs go on, and
 * those whose time is over get no room. */
#include <runtime/pool/order.h>
#include <runtime/pool/pool.h>
#include <runtime/pool/results.h>
#include <runtime/sync/wait.h>
#include <tests/support/pools.h>
#include <tests/support/test.h>

enum { WAITING = 3 };

TestSuite(pool_turn_away, .init = have_fibers);

/* Its only job stands still, and another one fills its queue. */
static filch_pool *full_pool(gate *at)
{
    filch_pool *pool = pool_of((filch_pool_config){.workers = 1, .width = 1, .capacity = 1});
    block(pool, at);
    cr_assert_eq(FILCH_SUBMIT(pool, succeeds, NULL), 0);
    return pool;
}

static void end(filch_pool *pool, gate *at)
{
    signpost_raise(&at->go);
    OK(filch_pool_destroy(pool));
}

Test(pool_turn_away, close_refuses_submitters_despite_running_job)
{
    static const int64_t times[] = {FILCH_FOREVER, 3600 * FILCH_SECOND};
    for (unsigned i = 0; i < 2; i++) {
        gate at;
        submitter those[WAITING];
        filch_pool *pool = full_pool(&at);
        for (unsigned j = 0; j < WAITING; j++)
            submitter_begins_until(&those[j], pool, i ? filch_in(times[i]) : times[i]);
        wait_for_submitters(pool, WAITING);
        filch_pool_close(pool);
        for (unsigned j = 0; j < WAITING; j++)
            submitter_has_ended(&those[j], -EPIPE);
        const filch_pool_stats now = stats_of(pool);
        cr_assert_eq(now.running, 1);
        cr_assert_eq(now.waiting, 1);
        cr_assert_eq(now.accepted, 2);
        cr_assert_eq(now.refused, WAITING);
        end(pool, &at);
    }
}

/* ---- A results list ---- */

typedef struct bounded {
    filch_pool *pool;
    filch_results *list;
    int rc;
} bounded;

static int submits_to_the_list(bounded *it)
{
    const filch_job_options options = {.results = it->list};
    return filch_pool_submit(NULL, it->pool, succeeds, NULL, &options, FILCH_FOREVER);
}

static void *waits_for_the_list(void *arg)
{
    bounded *it = arg;
    it->rc = submits_to_the_list(it);
    return NULL;
}

static bool somebody_waits(filch_results *list)
{
    fl_lock(&list->lock);
    const bool answer = fl_waiters_any(&list->submitters);
    fl_unlock(&list->lock);
    return answer;
}

Test(pool_turn_away, close_refuses_submitter_awaiting_results_list)
{
    pthread_t thread;
    filch_job *job;
    bounded it = {.pool = pool_of((filch_pool_config){.workers = 1, .width = 1})};
    OK(filch_results_create(&it.list));
    OK(filch_results_set_bound(it.list, 1));
    cr_assert_eq(submits_to_the_list(&it), 0);
    cr_assert_eq(pthread_create(&thread, NULL, waits_for_the_list, &it), 0);
    WAIT_WHILE(!somebody_waits(it.list));
    filch_pool_close(it.pool);
    pthread_join(thread, NULL);
    cr_assert_eq(it.rc, -EPIPE);
    OK(filch_results_take(it.list, &job, FILCH_FOREVER));
    filch_job_release(job);
    OK(filch_pool_destroy(it.pool));
    OK(filch_results_destroy(it.list));
}

/* ---- Late ---- */

/* The lock is held: its time is over, and it has not left the queue. */
static bool first_is_claimed(const filch_pool *pool)
{
    const fl_node *first = pool->queue.room.waiters.first;
    return first && filch_u32_load(&first->waiter->state, FILCH_ACQUIRE) & FL_CLAIMED;
}

static bool waits_or_is_over(filch_pool *pool)
{
    fl_lock(&pool->queue.room.lock);
    const bool answer = pool->queue.room.inside || pool->stats.refused;
    fl_unlock(&pool->queue.room.lock);
    return answer;
}

/* false: it had left before the lock was taken. */
static bool goes_past_one_that_waits_for(int64_t time)
{
    gate at;
    submitter late;
    fl_after after = {0};
    filch_pool *pool = full_pool(&at);
    submitter_begins_until(&late, pool, filch_in(time));
    while (!waits_or_is_over(pool))
        sched_yield();
    fl_lock(&pool->queue.room.lock);
    WAIT_WHILE(pool->queue.room.waiters.first && !first_is_claimed(pool));
    const bool seen = first_is_claimed(pool);
    pool->config.capacity = 2;
    fl_pool_admit_all(pool, &after);
    pool->config.capacity = 1;
    cr_assert_eq(pool->stats.waiting, 1);
    fl_pool_leave(pool, &after);
    submitter_has_ended(&late, -ETIMEDOUT);
    end(pool, &at);
    return seen;
}

Test(pool_turn_away, room_skips_timed_out_submitter)
{
    int64_t time = FILCH_MILLISECOND;
    while (!goes_past_one_that_waits_for(time))
        time *= 2;
}

/* ---- Admission ---- */

typedef struct insider {
    gate at; /* first */
    filch_pool *pool;
} insider;

static int submits_from_inside(filch_self self, filch_job *job, void *arg)
{
    insider *it = arg;
    int rc = stand_still(self, job, &it->at);
    return rc ? rc : FILCH_SUBMIT(it->pool, succeeds, NULL);
}

Test(pool_turn_away, admitted_job_no_longer_awaits_room)
{
    gate at;
    fl_after after = {0};
    insider it = {.pool = pool_of((filch_pool_config){.workers = 1, .width = 2, .capacity = 1})};
    block(it.pool, &at);
    cr_assert_eq(FILCH_SUBMIT(it.pool, submits_from_inside, &it), 0);
    signpost_wait(&it.at.begun, 1);
    cr_assert_eq(FILCH_SUBMIT(it.pool, succeeds, NULL), 0);
    signpost_raise(&it.at.go);
    wait_for_submitters(it.pool, 1);
    fl_lock(&it.pool->queue.room.lock);
    cr_assert_eq(it.pool->runners.stranded, 1);
    it.pool->config.capacity = 2;
    fl_pool_admit_all(it.pool, &after);
    it.pool->config.capacity = 1;
    cr_assert_eq(it.pool->runners.stranded, 0);
    fl_pool_leave(it.pool, &after);
    end(it.pool, &at);
}
