/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Jobs that are accepted without the pool's lock count, wait, are refused and cancelled like all
 * others; and a thread that waits for room gets it although no runner comes by. */
#include <runtime/pool/intake.h>
#include <runtime/pool/pool.h>
#include <tests/support/pools.h>
#include <tests/support/test.h>

#include <pthread.h>
#include <sched.h>

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
        fl_lock(&pool->room.lock);
        waits = fl_waiters_any(&pool->room.waiters);
        fl_unlock(&pool->room.lock);
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
