/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Runners: as many jobs run at once as the pool is wide, also after a rest; each job ends once; and
 * other tasks of the runtime have their turn. */
#include <runtime/platform/lock.h>
#include <runtime/platform/spin.h>
#include <runtime/pool/pool.h>
#include <string.h>
#include <tests/support/pools.h>
#include <tests/support/test.h>

static const int64_t HOUR = 3600 * FILCH_SECOND;

TestSuite(pool_runner, .init = have_fibers);

static unsigned active_of(filch_pool *pool)
{
    fl_lock(&pool->queue.room.lock);
    unsigned active = pool->runners.active;
    fl_unlock(&pool->queue.room.lock);
    return active;
}

/* ---- Stepping aside ---- */

static unsigned aside_of(filch_pool *pool)
{
    fl_lock(&pool->queue.room.lock);
    fl_spin_for(2000); /* ns: runners wait for the lock */
    unsigned aside = pool->runners.aside;
    fl_unlock(&pool->queue.room.lock);
    return aside;
}

/* Where a turn of 64 jobs takes too long: emulated, instrumented, or not optimized. */
#if defined(__x86_64__)
static const bool turns_are_long =
    !BUILD_OPTIMIZED || BUILD_ASAN || BUILD_TSAN || BUILD_TINY || BUILD_DEBUG;
#else
static const bool turns_are_long = true;
#endif

/* Submits jobs until one of two runners has stepped aside. */
static bool crowd(filch_pool *pool)
{
    for (unsigned i = 0; i < 10000; i++) {
        for (unsigned j = 0; j < 10000; j++)
            OK(filch_pool_submit(NULL, pool, succeeds, NULL, NULL, 0));
        while (stats_of(pool).waiting > 1000)
            if (aside_of(pool))
                return true;
    }
    return false;
}

Test(pool_runner, crowded_runner_steps_aside)
{
    if (turns_are_long)
        cr_skip_test("a turn takes longer here, so none is short");
    filch_pool *pool = pool_of((filch_pool_config){
        .workers = 2, .width = 2, .order = FILCH_FIFO, .capacity = FILCH_UNLIMITED});
    cr_assert(crowd(pool));
    OK(filch_pool_wait(pool, FILCH_FOREVER));
    cr_assert_eq(aside_of(pool), 0);
    OK(filch_pool_destroy(pool));
}

/* ---- The width ---- */

static unsigned idle_of(filch_pool *pool)
{
    unsigned count = 0;
    fl_lock(&pool->queue.room.lock);
    for (fl_runner *one = pool->runners.idle; one && count <= pool->runners.made; one = one->next)
        count++;
    fl_unlock(&pool->queue.room.lock);
    return count;
}

static void begins(filch_pool *pool, gate *at)
{
    *at = (gate){0};
    cr_assert_eq(FILCH_SUBMIT(pool, stand_still, at), 0);
    signpost_wait(&at->begun, 1);
}

Test(pool_runner, every_finishing_order_idles_all_runners)
{
    enum { WIDTH = 2 };
    gate at[WIDTH];
    filch_pool *pool = pool_of((filch_pool_config){.workers = 2, .width = WIDTH});
    for (unsigned first = 0; first < WIDTH; first++) {
        for (unsigned i = 0; i < WIDTH; i++)
            begins(pool, &at[i]);
        signpost_raise(&at[first].go);
        WAIT_WHILE(active_of(pool) > 1);
        signpost_raise(&at[1 - first].go);
        OK(filch_pool_wait(pool, FILCH_FOREVER));
        cr_assert_eq(idle_of(pool), WIDTH, "job %u ended first", first);
    }
    OK(filch_pool_destroy(pool));
}

Test(pool_runner, job_gets_runner_beside_running_one)
{
    gate first, second;
    filch_pool *pool = pool_of((filch_pool_config){.workers = 2, .width = 2});
    begins(pool, &first);
    second = (gate){0};
    cr_assert_eq(FILCH_SUBMIT(pool, stand_still, &second), 0);
    cr_assert_eq(active_of(pool), 2);
    signpost_wait(&second.begun, 1);
    signpost_raise(&first.go);
    signpost_raise(&second.go);
    OK(filch_pool_destroy(pool));
}

/* With one worker, the other job begins within some turns or not at all. */
static int meets_the_other(filch_self self, filch_job *job, void *begun)
{
    signpost_raise(begun);
    for (unsigned turns = 0; turns < 1000; turns++) {
        if (signpost_count(begun) == 2)
            return 0;
        filch_yield(self);
    }
    return -ETIMEDOUT;
}

typedef struct meeting {
    filch_pool *pool;
    signpost begun, submitted;
} meeting;

/* No runner looks for a job in between, as the only worker is here. */
static void submits_two(filch_self self, void *arg)
{
    meeting *it = arg;
    for (unsigned i = 0; i < 2; i++)
        cr_assert_eq(FILCH_SUBMIT(it->pool, meets_the_other, &it->begun), 0);
    signpost_raise(&it->submitted);
}

Test(pool_runner, jobs_queued_before_runner_run_concurrently)
{
    filch_runtime *rt = config_runtime(0, 1000);
    meeting it = {.pool = pool_of((filch_pool_config){.runtime = rt, .width = 2})};
    OK(filch_go(rt, submits_two, &it));
    signpost_wait(&it.submitted, 1);
    OK(filch_pool_wait(it.pool, FILCH_FOREVER));
    cr_assert_eq(stats_of(it.pool).outcomes[FILCH_SUCCEEDED], 2);
    OK(filch_pool_destroy(it.pool));
    OK(filch_runtime_destroy(rt));
}

Test(pool_runner, maximum_width_is_in_range)
{
    filch_runtime *rt = config_runtime(0, 1000);
    filch_pool *shared = pool_of((filch_pool_config){.runtime = rt});
    cr_assert_eq(filch_pool_resize(shared, FILCH_WIDTH_MAX), -EINVAL);
    cr_assert_null(strstr(filch_error(), "out of range"), "%s", filch_error());
    cr_assert_eq(filch_pool_resize(shared, FILCH_WIDTH_MAX + 1), -EINVAL);
    cr_assert_not_null(strstr(filch_error(), "out of range"), "%s", filch_error());
    OK(filch_pool_destroy(shared));
    OK(filch_runtime_destroy(rt));
}

Test(pool_runner, destroy_finds_every_runner_ever_made)
{
    filch_pool *pool = pool_of((filch_pool_config){.workers = 1, .width = 2});
    OK(filch_pool_resize(pool, 5));
    unsigned found = 0;
    for (const fl_runner *one = pool->runners.newest; one; one = one->made_before)
        found++;
    cr_assert_eq(found, 5);
    cr_assert_eq(pool->runners.made, 5);
    OK(filch_pool_destroy(pool));
}

/* ---- Room ---- */

Test(pool_runner, submitter_gets_begun_jobs_room)
{
    gate first, second = {0};
    submitter it;
    filch_pool *pool = pool_of((filch_pool_config){.workers = 2, .width = 1, .capacity = 1});
    begins(pool, &first);
    cr_assert_eq(FILCH_SUBMIT(pool, stand_still, &second), 0);
    submitter_begins_until(&it, pool, filch_in(HOUR));
    wait_for_submitters(pool, 1);
    signpost_raise(&first.go);
    signpost_wait(&second.begun, 1);
    cr_assert_eq(stats_of(pool).waiting, 1);
    submitter_has_ended(&it, 0);
    signpost_raise(&second.go);
    OK(filch_pool_destroy(pool));
}

/* ---- Ends ---- */

static int asks_for_another_attempt(filch_self self, filch_job *job, void *data)
{
    return -EAGAIN;
}

Test(pool_runner, job_before_delayed_one_ends_once)
{
    static const filch_retry_policy hourly = {.base = 3600 * FILCH_SECOND,
                                              .cap = 3600 * FILCH_SECOND,
                                              .jitter = FILCH_JITTER_NONE};
    gate at;
    filch_pool *pool = pool_of((filch_pool_config){.workers = 2, .width = 1});
    begins(pool, &at);
    cr_assert_eq(FILCH_SUBMIT_AS(pool, asks_for_another_attempt, NULL, .retry = &hourly), 0);
    signpost_raise(&at.go);
    WAIT_WHILE(!stats_of(pool).delayed || active_of(pool));
    const filch_pool_stats now = stats_of(pool);
    cr_assert_eq(now.running, 0);
    cr_assert_eq(now.outcomes[FILCH_SUCCEEDED], 1);
    cr_assert_eq(filch_pool_shutdown_now(pool), 1);
    OK(filch_pool_destroy(pool));
}

/* ---- Turns ---- */

typedef struct chain {
    filch_runtime *rt;
    filch_pool *pool;
    signpost other; /* a task that is no job has run */
    uint32_t jobs;
} chain;

enum { LONGEST = 1000 };

static void has_its_turn(filch_self self, void *other)
{
    signpost_raise(other);
}

static int submits_the_next(filch_self self, filch_job *job, void *arg)
{
    chain *it = arg;
    if (!it->jobs++ && filch_go(it->rt, has_its_turn, &it->other))
        return -ENOMEM;
    if (it->jobs == LONGEST || signpost_count(&it->other))
        return 0;
    return FILCH_SUBMIT(it->pool, submits_the_next, it);
}

Test(pool_runner, resubmitting_jobs_let_other_tasks_run)
{
    chain it = {.rt = config_runtime(0, 1000)};
    it.pool = pool_of((filch_pool_config){.runtime = it.rt, .width = 1});
    cr_assert_eq(FILCH_SUBMIT(it.pool, submits_the_next, &it), 0);
    OK(filch_pool_wait(it.pool, FILCH_FOREVER));
    cr_assert_lt(it.jobs, LONGEST);
    OK(filch_pool_destroy(it.pool));
    OK(filch_runtime_destroy(it.rt));
}

/* ---- Workers that are to retire ---- */

enum { PATIENCE = 4 * 4096 };

typedef struct occupant {
    signpost begun, go;
    int worker;
} occupant;

static void occupies(filch_self self, void *arg)
{
    occupant *it = arg;
    it->worker = filch_worker_index();
    signpost_raise(&it->begun);
    signpost_wait(&it->go, 1);
}

typedef struct move {
    chain jobs;
    occupant *other; /* has the worker that stays */
} move;

/* Until it runs on the worker that stays. */
static int goes_on_elsewhere(filch_self self, filch_job *job, void *arg)
{
    move *it = arg;
    if (!it->jobs.jobs++) {
        if (filch_runtime_resize(it->jobs.rt, 1))
            return -EPROTO;
        signpost_raise(&it->other->go);
    }
    if (it->jobs.jobs == PATIENCE || !filch_worker_index())
        return 0;
    return FILCH_SUBMIT(it->jobs.pool, goes_on_elsewhere, it);
}

Test(pool_runner, worker_retires_despite_resubmitting_jobs)
{
    occupant those[2] = {{.worker = -1}, {.worker = -1}};
    move it = {.jobs.rt = config_runtime(2, 1000)};
    for (unsigned i = 0; i < 2; i++) {
        OK(filch_go(it.jobs.rt, occupies, &those[i]));
        signpost_wait(&those[i].begun, 1);
    }
    const unsigned stays = those[1].worker == 0;
    it.other = &those[stays];
    signpost_raise(&those[1 - stays].go);
    it.jobs.pool = pool_of((filch_pool_config){.runtime = it.jobs.rt, .width = 1});
    cr_assert_eq(FILCH_SUBMIT(it.jobs.pool, goes_on_elsewhere, &it), 0);
    OK(filch_pool_wait(it.jobs.pool, FILCH_FOREVER));
    cr_assert_eq(stats_of(it.jobs.pool).outcomes[FILCH_SUCCEEDED], it.jobs.jobs);
    cr_assert_lt(it.jobs.jobs, PATIENCE);
    OK(filch_pool_destroy(it.jobs.pool));
    OK(filch_runtime_destroy(it.jobs.rt));
}
