/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Jobs that are accepted without the pool's lock count, wait, are refused and cancelled like all
 * others; and a thread that waits for room gets it although no runner comes by. */
#include <runtime/pool/intake.h>

#include <filch/context.h>
#include <filch/future.h>
#include <filch/results.h>
#include <pthread.h>
#include <runtime/engine/threads.h>
#include <runtime/pool/pool.h>
#include <sched.h>
#include <tests/support/pools.h>
#include <tests/support/test.h>

enum { ROOM = 8 };

TestSuite(pool_intake, .init = have_fibers);

static filch_u32 go_on, begun, order[ROOM];

static int holds_the_runner(filch_self self, filch_job *job, void *unused)
{
    while (!filch_u32_load(&go_on, FILCH_ACQUIRE))
        filch_yield(self);
    return 0;
}

static int notes_its_turn(filch_self self, filch_job *job, void *number)
{
    uint32_t turn = filch_u32_add(&begun, 1, FILCH_ACQ_REL);
    filch_u32_store(&order[turn], (uint32_t)(uintptr_t)number, FILCH_RELEASE);
    return 0;
}

static filch_pool *held_pool(filch_job **holder, filch_pool_order by)
{
    go_on = begun = (filch_u32){0};
    filch_pool *pool =
        pool_of((filch_pool_config){.workers = 2, .width = 1, .order = by, .capacity = ROOM});
    *holder = job_of(pool, holds_the_runner, NULL, NULL);
    while (!stats_of(pool).running)
        sched_yield();
    return pool;
}

static void fill(filch_pool *pool, unsigned count)
{
    for (uintptr_t i = 0; i < count; i++)
        OK(filch_pool_submit(NULL, pool, notes_its_turn, (void *)i, NULL, 0));
}

static void end(filch_pool *pool, filch_job *holder)
{
    filch_u32_store(&go_on, 1, FILCH_RELEASE);
    OK(filch_pool_wait(pool, FILCH_FOREVER));
    filch_job_release(holder);
    OK(filch_pool_destroy(pool));
}

Test(pool_intake, jobs_queue_in_order_to_capacity)
{
    filch_job *holder;
    filch_pool *pool = held_pool(&holder, FILCH_FIFO);
    fill(pool, ROOM);
    cr_assert_eq(filch_pool_submit(NULL, pool, notes_its_turn, NULL, NULL, 0), -ETIMEDOUT);
    const filch_pool_stats now = stats_of(pool);
    cr_assert_eq(now.waiting, ROOM);
    cr_assert_eq(now.accepted, ROOM + 1);
    cr_assert_eq(now.refused, 1);
    end(pool, holder);
    for (unsigned i = 0; i < ROOM; i++)
        cr_assert_eq(filch_u32_load(&order[i], FILCH_ACQUIRE), i);
}

Test(pool_intake, higher_priority_job_precedes_queued_ones)
{
    enum { LOW, HIGH };
    filch_job *holder;
    filch_pool *pool = held_pool(&holder, FILCH_PRIORITY);
    filch_job *waiting = job_of(pool, notes_its_turn, (void *)(uintptr_t)LOW, NULL);
    const filch_job_options urgent = {.priority = FILCH_PRIORITIES - 1};
    OK(filch_pool_submit(NULL, pool, notes_its_turn, (void *)(uintptr_t)HIGH, &urgent, 0));
    end(pool, holder);
    cr_assert_eq(filch_u32_load(&order[0], FILCH_ACQUIRE), HIGH);
    cr_assert_eq(filch_u32_load(&order[1], FILCH_ACQUIRE), LOW);
    filch_job_release(waiting);
}

Test(pool_intake, shutdown_cancels_them)
{
    filch_job *holder;
    filch_pool *pool = held_pool(&holder, FILCH_FIFO);
    fill(pool, ROOM - 1);
    filch_pool_shutdown_now(pool);
    cr_assert_eq(filch_pool_submit(NULL, pool, notes_its_turn, NULL, NULL, 0), -EPIPE);
    const filch_pool_stats now = stats_of(pool);
    cr_assert_eq(now.waiting, 0);
    cr_assert_eq(now.outcomes[FILCH_CANCELLED], ROOM - 1);
    cr_assert_eq(filch_u32_load(&begun, FILCH_ACQUIRE), 0);
    end(pool, holder);
}

static void *submits_one(void *pool)
{
    return (void *)(intptr_t)FILCH_SUBMIT(pool, notes_its_turn, NULL);
}

Test(pool_intake, thread_gets_room_without_runner)
{
    filch_job *holder;
    pthread_t thread;
    void *rc;
    filch_pool *pool = held_pool(&holder, FILCH_FIFO);
    filch_job *waiting = job_of(pool, notes_its_turn, NULL, NULL);
    fill(pool, ROOM - 1);
    cr_assert_eq(pthread_create(&thread, NULL, submits_one, pool), 0);
    for (bool waits = false; !waits; sched_yield()) {
        fl_lock(&pool->queue.room.lock);
        waits = fl_waiters_any(&pool->queue.room.waiters);
        fl_unlock(&pool->queue.room.lock);
    }
    OK(filch_job_cancel(waiting)); /* room for one, less than a quarter */
    cr_assert_eq(pthread_join(thread, &rc), 0);
    cr_assert_null(rc);
    filch_job_release(waiting);
    end(pool, holder);
}

/* The word has no room for credits beside such an address. The job is never dereferenced. */
Test(pool_intake, intake_refuses_addresses_beyond_48_bits)
{
    filch_job *holder, *beyond = (filch_job *)((uintptr_t)1 << 56);
    filch_pool *pool = held_pool(&holder, FILCH_FIFO);
    fill(pool, 2); /* the first one opens the intake */
    cr_assert_not(fl_intake_push(pool, beyond));
    end(pool, holder);
}

/* Jobs with a handle, `done` or `drop` that are accepted without the pool's lock: each call through
 * the handle acts as if the job already stood in the queue. */

enum { TOP = FILCH_PRIORITIES - 1 };

TestSuite(pool_intake_handles, .init = have_fibers);

static uint32_t turn(unsigned which)
{
    return filch_u32_load(&order[which], FILCH_ACQUIRE);
}

/* A pool whose only runner is busy, so that jobs wait and the intake is open. */
static filch_pool *busy_pool(gate *at, filch_pool_config config)
{
    config.workers = 2;
    config.width = 1;
    config.capacity = ROOM;
    filch_pool *pool = pool_of(config);
    block(pool, at);
    begun = (filch_u32){0};
    stats_of(pool); /* opens the intake */
    return pool;
}

static bool is_in_the_intake(const filch_job *job)
{
    return job->stage == FL_JOB_NEW;
}

/* The job does not reach the queue before a call that needs it there. */
static filch_job *entering(filch_pool *pool, uintptr_t number, const filch_job_options *options)
{
    filch_job *job = NULL;
    OK(filch_pool_submit(&job, pool, notes_its_turn, (void *)number, options, 0));
    cr_assert(is_in_the_intake(job));
    return job;
}

static void end_pool(filch_pool *pool, gate *at)
{
    signpost_raise(&at->go);
    cr_assert_eq(filch_pool_destroy(pool), 0, "%s", filch_error());
}

static const int64_t HOUR = 3600 * FILCH_SECOND;

/* As in a debug build. Then no job with a deadline enters. */
static void deadlocks_are_reported(bool reported)
{
    filch_u32_store(&fl_detector_on, reported ? FL_DETECTOR_REPORTS : FL_DETECTOR_OFF,
                    FILCH_RELAXED);
}

/* A busy pool that had a job with a deadline. */
static filch_pool *busy_pool_with_deadlines(gate *at, filch_job **first)
{
    filch_pool *pool = busy_pool(at, (filch_pool_config){0});
    deadlocks_are_reported(false);
    *first = job_of(pool, succeeds, NULL, &(filch_job_options){.timeout = HOUR});
    cr_assert_not(is_in_the_intake(*first));
    return pool;
}

static size_t dues_of(filch_pool *pool)
{
    fl_lock(&pool->queue.room.lock);
    const size_t count = fl_timer_row_count(&pool->deadlines.dues);
    fl_unlock(&pool->queue.room.lock);
    return count;
}

Test(pool_intake_handles, alarm_collects_far_deadlines)
{
    gate at;
    filch_job *first, *job;
    filch_pool *pool = busy_pool_with_deadlines(&at, &first);
    job = entering(pool, 0, &(filch_job_options){.timeout = HOUR});
    cr_assert_eq(dues_of(pool), 1);
    WAIT_WHILE(dues_of(pool) < 2);
    cr_assert_not(is_in_the_intake(job));
    filch_job_release(first);
    filch_job_release(job);
    end_pool(pool, &at);
}

Test(pool_intake_handles, deadline_decides_job_from_intake)
{
    gate at;
    filch_job *first, *job;
    filch_pool *pool = busy_pool_with_deadlines(&at, &first);
    job = entering(pool, 0, &(filch_job_options){.timeout = 11 * FILCH_SECOND / 10});
    cr_assert_eq(filch_job_wait(job, FILCH_FOREVER), -ETIMEDOUT);
    filch_job_release(first);
    filch_job_release(job);
    end_pool(pool, &at);
    cr_assert_eq(filch_u32_load(&begun, FILCH_ACQUIRE), 0);
}

Test(pool_intake_handles, reported_deadlocks_close_it_to_deadlines)
{
    gate at;
    filch_job *first, *job;
    filch_pool *pool = busy_pool_with_deadlines(&at, &first);
    deadlocks_are_reported(true);
    job = job_of(pool, succeeds, NULL, &(filch_job_options){.timeout = HOUR});
    cr_assert_not(is_in_the_intake(job));
    filch_job_release(first);
    filch_job_release(job);
    end_pool(pool, &at);
}

Test(pool_intake_handles, pool_with_timeout_uses_intake)
{
    gate at;
    filch_pool *pool = busy_pool(&at, (filch_pool_config){.timeout = HOUR});
    deadlocks_are_reported(false);
    stats_of(pool); /* opens the intake anew */
    filch_job_release(entering(pool, 0, NULL));
    end_pool(pool, &at);
}

/* A submitter that took it would wait forever. */
Test(pool_intake_handles, handles_and_callbacks_need_no_lock)
{
    gate at;
    fate of = {0};
    filch_job *job;
    filch_pool *pool = busy_pool(&at, (filch_pool_config){0});
    const filch_job_options told = {.done = fate_told, .drop = fate_dropped};
    fl_lock(&pool->queue.room.lock);
    OK(filch_pool_submit(&job, pool, notes_its_turn, NULL, NULL, FILCH_FOREVER));
    OK(filch_pool_submit(NULL, pool, succeeds, &of, &told, FILCH_FOREVER));
    fl_unlock(&pool->queue.room.lock);
    signpost_raise(&at.go);
    OK(filch_job_wait(job, FILCH_FOREVER));
    filch_job_release(job);
    end_pool(pool, &at);
    cr_assert_eq(fate_outcome(&of), FILCH_SUCCEEDED);
    cr_assert_eq(signpost_count(&of.dropped), 1);
}

Test(pool_intake_handles, near_deadline_or_results_bypass_intake)
{
    gate at;
    filch_results *results;
    OK(filch_results_create(&results));
    filch_pool *pool = busy_pool(&at, (filch_pool_config){0});
    const filch_job_options options[] = {{.timeout = HOUR},
                                         {.timeout = FILCH_SECOND / 2},
                                         {.results = results}};
    for (unsigned i = 0; i < 3; i++) { /* the first one makes the alarm */
        filch_job *job = job_of(pool, succeeds, NULL, &options[i]);
        cr_assert_not(is_in_the_intake(job));
        filch_job_release(job);
    }
    end_pool(pool, &at);
    OK(filch_results_destroy(results));
}

Test(pool_intake_handles, ids_follow_acceptance_order)
{
    gate at;
    filch_job *jobs[2];
    filch_pool *pool = busy_pool(&at, (filch_pool_config){0});
    for (unsigned i = 0; i < 2; i++)
        jobs[i] = entering(pool, i, NULL);
    cr_assert_eq(filch_job_id(jobs[1]), 3);
    cr_assert_eq(filch_job_id(jobs[0]), 2);
    for (unsigned i = 0; i < 2; i++)
        filch_job_release(jobs[i]);
    end_pool(pool, &at);
}

Test(pool_intake_handles, cancel_decides_job_and_makes_room)
{
    gate at;
    fate of = {0};
    filch_pool *pool = busy_pool(&at, (filch_pool_config){0});
    const filch_job_options told = {.done = fate_told, .drop = fate_dropped};
    filch_job *job = NULL;
    OK(filch_pool_submit(&job, pool, succeeds, &of, &told, 0));
    cr_assert(is_in_the_intake(job));
    OK(filch_job_cancel(job));
    cr_assert_eq(filch_job_outcome(job), FILCH_CANCELLED);
    cr_assert_eq(filch_job_cancel(job), -EALREADY);
    cr_assert_eq(filch_job_wait(job, FILCH_FOREVER), -ECANCELED);
    cr_assert_eq(stats_of(pool).waiting, 0);
    for (uintptr_t i = 0; i < ROOM; i++)
        OK(filch_pool_submit(NULL, pool, notes_its_turn, (void *)i, NULL, 0));
    cr_assert_eq(filch_pool_submit(NULL, pool, notes_its_turn, NULL, NULL, 0), -ETIMEDOUT);
    filch_job_release(job);
    end_pool(pool, &at);
    cr_assert_eq(fate_outcome(&of), FILCH_CANCELLED);
    cr_assert_eq(signpost_count(&of.dropped), 1);
    cr_assert_eq(filch_u32_load(&begun, FILCH_ACQUIRE), ROOM);
}

Test(pool_intake_handles, a_change_of_priority_counts)
{
    enum { LOW, HIGH };
    gate at;
    filch_pool *pool = busy_pool(&at, (filch_pool_config){.order = FILCH_PRIORITY});
    filch_job *low = entering(pool, LOW, NULL);
    filch_job *high = entering(pool, HIGH, &(filch_job_options){.priority = TOP - 1});
    OK(filch_job_set_priority(low, TOP));
    filch_job_release(low);
    filch_job_release(high);
    end_pool(pool, &at);
    cr_assert_eq(turn(0), LOW);
    cr_assert_eq(turn(1), HIGH);
}

Test(pool_intake_handles, its_own_context_decides_it)
{
    gate at;
    filch_pool *pool = busy_pool(&at, (filch_pool_config){0});
    filch_job *job = entering(pool, 0, NULL);
    OK(filch_context_cancel(filch_job_context(job), -ECANCELED));
    cr_assert_eq(filch_job_outcome(job), FILCH_CANCELLED);
    filch_job_release(job);
    end_pool(pool, &at);
    cr_assert_eq(filch_u32_load(&begun, FILCH_ACQUIRE), 0);
}

Test(pool_intake_handles, pool_context_decides_and_closes_intake)
{
    gate at;
    filch_context *above;
    OK(filch_context_create(&above, NULL));
    filch_pool *pool = busy_pool(&at, (filch_pool_config){.context = above});
    filch_job *job = entering(pool, 0, NULL);
    OK(filch_context_cancel(above, -ECANCELED));
    cr_assert_eq(filch_job_outcome(job), FILCH_CANCELLED);
    stats_of(pool); /* a job whose submission has passed the look at the context takes the lock */
    cr_assert_eq(filch_u64_load(&pool->intake.arrivals, FILCH_RELAXED), 0);
    filch_job_release(job);
    end_pool(pool, &at);
    filch_context_release(above);
    cr_assert_eq(filch_u32_load(&begun, FILCH_ACQUIRE), 0);
}

Test(pool_intake_handles, its_future_is_set)
{
    gate at;
    filch_future future = {0};
    filch_pool *pool = busy_pool(&at, (filch_pool_config){0});
    filch_job *job = entering(pool, 0, NULL);
    OK(filch_job_future(&future, job));
    cr_assert_not(filch_future_done(&future));
    OK(filch_job_cancel(job));
    cr_assert(filch_future_done(&future));
    filch_job_release(job);
    end_pool(pool, &at);
}

Test(pool_intake_handles, one_whose_handle_is_released_runs)
{
    gate at;
    filch_pool *pool = busy_pool(&at, (filch_pool_config){0});
    filch_job_release(entering(pool, 0, NULL));
    end_pool(pool, &at);
    cr_assert_eq(filch_u32_load(&begun, FILCH_ACQUIRE), 1);
}

Test(pool_intake_handles, shutdown_cancels_job_but_keeps_handle)
{
    gate at;
    filch_pool *pool = busy_pool(&at, (filch_pool_config){0});
    filch_job *job = entering(pool, 0, NULL);
    cr_assert_eq(filch_pool_shutdown_now(pool), 1);
    cr_assert_eq(filch_job_outcome(job), FILCH_CANCELLED);
    end_pool(pool, &at);
    cr_assert_eq(filch_job_id(job), 2);
    cr_assert_eq(filch_job_set_priority(job, TOP), -EALREADY);
    cr_assert_eq(filch_context_cause(filch_job_context(job)), -ECANCELED);
    filch_job_release(job);
    cr_assert_eq(filch_u32_load(&begun, FILCH_ACQUIRE), 0);
}

Test(pool_intake_handles, full_queue_drops_oldest_intake_job)
{
    gate at;
    filch_job *jobs[ROOM], *last;
    filch_pool *pool = busy_pool(&at, (filch_pool_config){.full = FILCH_FULL_DROP_OLDEST});
    for (uintptr_t i = 0; i < ROOM; i++)
        OK(filch_pool_submit(&jobs[i], pool, notes_its_turn, (void *)i, NULL, 0));
    OK(filch_pool_submit(&last, pool, notes_its_turn, (void *)ROOM, NULL, 0));
    cr_assert_eq(filch_job_outcome(jobs[0]), FILCH_DROPPED);
    for (unsigned i = 0; i < ROOM; i++)
        filch_job_release(jobs[i]);
    filch_job_release(last);
    end_pool(pool, &at);
    for (unsigned i = 0; i < ROOM; i++)
        cr_assert_eq(turn(i), i + 1);
}
