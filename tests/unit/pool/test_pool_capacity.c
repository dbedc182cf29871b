/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Capacities: the default is a bound, a rendezvous lets nobody wait for another job, and a pool's
 * capacity changes while submitters wait. */
#include <runtime/platform/lock.h>
#include <runtime/pool/pool.h>
#include <tests/support/pools.h>
#include <tests/support/test.h>

/* Without the support's default. */
static filch_pool *pool_as_it_is(filch_pool_config config)
{
    filch_pool *pool = NULL;
    cr_assert_eq(filch_pool_create(&pool, &config), 0, "%s", filch_error());
    return pool;
}

static int submit(filch_pool *pool, int64_t until)
{
    return filch_pool_submit(NULL, pool, succeeds, NULL, NULL, until);
}

static void go_on(filch_pool *pool, gate *at)
{
    signpost_raise(&at->go);
    OK(filch_pool_destroy(pool));
}

/* ---- The default ---- */

Test(pool_capacity, unset_capacity_means_default_capacity)
{
    gate at;
    filch_pool *pool = pool_as_it_is((filch_pool_config){.workers = 1, .full = FILCH_FULL_REJECT});
    block(pool, &at);
    for (int i = 0; i < FILCH_CAPACITY_DEFAULT; i++)
        cr_assert_eq(submit(pool, 0), 0);
    cr_assert_eq(submit(pool, 0), -EAGAIN);
    cr_assert_eq(stats_of(pool).waiting, FILCH_CAPACITY_DEFAULT);
    go_on(pool, &at);
}

Test(pool_capacity, only_explicit_unlimited_capacity_is_direct)
{
    filch_pool *bounded = pool_as_it_is((filch_pool_config){.workers = 1}),
               *direct =
                   pool_as_it_is((filch_pool_config){.workers = 1, .capacity = FILCH_UNLIMITED});
    filch_pool_config preset = filch_pool_cpu_bound();
    filch_pool *cpu = pool_as_it_is(preset);
    cr_assert_null(bounded->direct.tallies);
    cr_assert_not_null(direct->direct.tallies);
    cr_assert_eq(cpu->config.capacity, FILCH_CAPACITY_DEFAULT);
    cr_assert_eq(filch_pool_set_capacity(direct, 5), -EINVAL);
    cr_assert_eq(filch_pool_set_capacity(bounded, 0), -EINVAL);
    cr_assert_eq(filch_pool_set_capacity(NULL, 1), -EINVAL);
    OK(filch_pool_destroy(bounded));
    OK(filch_pool_destroy(direct));
    OK(filch_pool_destroy(cpu));
}

/* ---- A submission that waits ---- */

static filch_pool *meeting_pool(filch_pool_config config)
{
    config.capacity = FILCH_RENDEZVOUS;
    return pool_as_it_is(config);
}

Test(pool_capacity, rendezvous_ends_when_runner_is_free)
{
    for (unsigned workers = 1; workers <= 8; workers *= 2) {
        gate at;
        submitter it;
        filch_pool *pool = meeting_pool((filch_pool_config){.workers = workers, .width = 1});
        block(pool, &at);
        cr_assert_eq(submit(pool, 0), -ETIMEDOUT, "nobody takes it");
        submitter_begins(&it, pool);
        wait_for_submitters(pool, 1);
        cr_assert_eq(stats_of(pool).waiting, 0);
        cr_assert(!signpost_count(&it.over));
        signpost_raise(&at.go);
        submitter_has_ended(&it, 0);
        OK(filch_pool_destroy(pool));
    }
}

Test(pool_capacity, idle_pool_meets_up_to_width)
{
    enum { WIDTH = 3 };
    gate at = {0};
    have_fibers();
    filch_pool *pool =
        meeting_pool((filch_pool_config){.workers = 1, .width = WIDTH, .full = FILCH_FULL_REJECT});
    for (int i = 0; i < WIDTH; i++)
        cr_assert_eq(FILCH_SUBMIT(pool, stand_still, &at), 0);
    cr_assert_eq(FILCH_SUBMIT(pool, stand_still, &at), -EAGAIN);
    signpost_wait(&at.begun, WIDTH);
    cr_assert_eq(FILCH_SUBMIT(pool, stand_still, &at), -EAGAIN);
    go_on(pool, &at);
}

Test(pool_capacity, rendezvous_without_waiters_drops_newest)
{
    static const filch_when_full policies[] = {FILCH_FULL_DROP_OLDEST, FILCH_FULL_DROP_NEWEST};
    for (int i = 0; i < 2; i++) {
        gate at;
        filch_pool *pool =
            meeting_pool((filch_pool_config){.workers = 1, .width = 1, .full = policies[i]});
        block(pool, &at);
        filch_job *job = job_of(pool, succeeds, NULL, NULL);
        cr_assert_eq(filch_job_outcome(job), FILCH_DROPPED);
        filch_job_release(job);
        go_on(pool, &at);
    }
}

Test(pool_capacity, widening_meets_waiting_submitters)
{
    gate at;
    submitter it;
    filch_pool *pool = meeting_pool((filch_pool_config){.workers = 2, .width = 1});
    block(pool, &at);
    submitter_begins(&it, pool);
    wait_for_submitters(pool, 1);
    OK(filch_pool_resize(pool, 2));
    submitter_has_ended(&it, 0);
    go_on(pool, &at);
}

Test(pool_capacity, elastic_pool_grows_for_rendezvous_submitters)
{
    gate at;
    submitter it;
    filch_pool *pool = meeting_pool((filch_pool_config){.workers = 2,
                                                        .width_max = 2,
                                                        .interval = FILCH_MILLISECOND,
                                                        .shrink_after = FILCH_FOREVER});
    block(pool, &at);
    submitter_begins(&it, pool);
    submitter_has_ended(&it, 0);
    cr_assert_eq(stats_of(pool).grown, 1);
    go_on(pool, &at);
}

/* ---- Changes ---- */

Test(pool_capacity, capacity_change_admits_or_drains)
{
    gate at;
    submitter those[2];
    filch_pool *pool = pool_as_it_is((filch_pool_config){.workers = 1, .width = 1, .capacity = 1});
    block(pool, &at);
    cr_assert_eq(submit(pool, 0), 0);
    for (int i = 0; i < 2; i++)
        submitter_begins(&those[i], pool);
    wait_for_submitters(pool, 2);
    OK(filch_pool_set_capacity(pool, 3));
    for (int i = 0; i < 2; i++)
        submitter_has_ended(&those[i], 0);
    cr_assert_eq(stats_of(pool).waiting, 3);
    OK(filch_pool_set_capacity(pool, 2));
    cr_assert_eq(stats_of(pool).waiting, 3, "nobody is dropped");
    cr_assert_eq(submit(pool, 0), -ETIMEDOUT);
    OK(filch_pool_set_capacity(pool, FILCH_UNLIMITED));
    cr_assert_eq(submit(pool, 0), 0);
    OK(filch_pool_set_capacity(pool, FILCH_RENDEZVOUS));
    cr_assert_eq(submit(pool, 0), -ETIMEDOUT);
    signpost_raise(&at.go);
    OK(filch_pool_wait(pool, FILCH_FOREVER));
    cr_assert_eq(stats_of(pool).outcomes[FILCH_SUCCEEDED], 5);
    cr_assert_eq(submit(pool, 0), 0, "a runner is free");
    OK(filch_pool_destroy(pool));
}

/* ---- FILCH_FULL_RUN ---- */

Test(pool_capacity, submission_running_its_job_honours_deadline)
{
    gate at, beyond = {0};
    filch_pool *pool = pool_as_it_is(
        (filch_pool_config){.workers = 2, .width = 1, .capacity = 1, .full = FILCH_FULL_RUN});
    block(pool, &at);
    cr_assert_eq(submit(pool, FILCH_FOREVER), 0);
    cr_assert_eq(submit(pool, 0), -ETIMEDOUT, "there is no time to run it");
    cr_assert_eq(stats_of(pool).refused, 1);
    OK(filch_pool_submit(NULL, pool, stand_still, &beyond, NULL, filch_in(5 * FILCH_MILLISECOND)));
    signpost_wait(&beyond.begun, 1);
    cr_assert_eq(stats_of(pool).running, 2);
    signpost_raise(&beyond.go);
    go_on(pool, &at);
}

/* ---- Many ---- */

typedef struct crowd_of {
    filch_pool *pool;
    job_crowd met;
    filch_u32 waited;
} crowd_of;

static void *submits_many(void *arg)
{
    crowd_of *all = arg;
    for (int i = 0; i < 100; i++) {
        cr_assert_eq(FILCH_SUBMIT(all->pool, meets_others, &all->met), 0);
        if (stats_of(all->pool).waiting > 3)
            filch_u32_add(&all->waited, 1, FILCH_RELAXED); /* a count */
    }
    return NULL;
}

Test(pool_capacity, rendezvous_jobs_never_queue_behind_another)
{
    crowd_of all = {.pool = meeting_pool((filch_pool_config){.workers = 2, .width = 3})};
    pthread_t threads[4];
    for (int i = 0; i < 4; i++)
        cr_assert_eq(pthread_create(&threads[i], NULL, submits_many, &all), 0);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    OK(filch_pool_wait(all.pool, FILCH_FOREVER));
    cr_assert_eq(stats_of(all.pool).outcomes[FILCH_SUCCEEDED], 400);
    cr_assert_leq(filch_u32_load(&all.met.most, FILCH_ACQUIRE), 3);
    cr_assert_eq(filch_u32_load(&all.waited, FILCH_RELAXED), 0);
    OK(filch_pool_destroy(all.pool));
}
