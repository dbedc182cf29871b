/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Free places: a job with a free place does not count against the capacity, as in a buffered channel
 * of Go whose idle receivers have taken theirs. So a pool accepts as many jobs as it is wide, and its
 * capacity of others, however long its runners take to begin. */
#include <filch/limiter.h>
#include <string.h>
#include <tests/support/pools.h>
#include <tests/support/test.h>

enum { WIDTH = 6, BURST = 30, WORKERS = 3, CAPACITIES = 2 };

TestSuite(pool_idle, .init = have_fibers);

static const unsigned workers[WORKERS] = {1, 2, 8};
static const size_t capacities[CAPACITIES] = {1, 10};

/* Jobs of a pool that accepts them, and not one more. */
static void expect_room_for(filch_pool *pool, unsigned jobs, gate *at, int refusal)
{
    for (unsigned i = 0; i < jobs; i++)
        cr_assert_eq(filch_pool_submit(NULL, pool, stand_still, at, NULL, 0), 0, "job %u of %u: %s",
                     i + 1, jobs, filch_error());
    cr_assert_eq(filch_pool_submit(NULL, pool, stand_still, at, NULL, 0), refusal);
}

static void end(filch_pool *pool, gate *at)
{
    signpost_raise(&at->go);
    OK(filch_pool_destroy(pool));
}

/* ---- Reactions to a full queue ---- */

static void expect_width_and_capacity(filch_pool_config config, int refusal)
{
    for (unsigned i = 0; i < WORKERS * CAPACITIES; i++) {
        const unsigned w = i / CAPACITIES, c = i % CAPACITIES;
        gate at = {0};
        config.workers = workers[w];
        config.width = WIDTH;
        config.capacity = capacities[c];
        filch_pool *pool = pool_of(config);
        expect_room_for(pool, WIDTH + (unsigned)config.capacity, &at, refusal);
        end(pool, &at);
    }
}

Test(pool_idle, refusal_begins_beyond_free_places)
{
    expect_width_and_capacity((filch_pool_config){.full = FILCH_FULL_REJECT}, -EAGAIN);
}

Test(pool_idle, time_zero_takes_free_places)
{
    expect_width_and_capacity((filch_pool_config){.full = FILCH_FULL_WAIT}, -ETIMEDOUT);
}

Test(pool_idle, free_places_come_before_running_beyond)
{
    expect_width_and_capacity((filch_pool_config){.full = FILCH_FULL_RUN}, -ETIMEDOUT);
}

Test(pool_idle, every_order_takes_free_places)
{
    for (filch_pool_order order = 0; order < FILCH_ORDERS; order++)
        expect_width_and_capacity((filch_pool_config){.order = order, .full = FILCH_FULL_REJECT},
                                  -EAGAIN);
}

/* ---- Jobs that are dropped ---- */

typedef struct numbered {
    gate *at;
    filch_outcome outcome;
} numbered;

static int stands_still(filch_self self, filch_job *job, void *data)
{
    return stand_still(self, job, ((numbered *)data)->at);
}

static void note_outcome(filch_job *job, filch_outcome outcome, const filch_failure *why,
                         void *data)
{
    ((numbered *)data)->outcome = outcome;
}

/* Of a burst, the jobs from..to - 1. */
static void expect_dropped(filch_pool_config config, unsigned from, unsigned to)
{
    static const filch_job_options noted = {.done = note_outcome};
    for (unsigned w = 0; w < WORKERS; w++) {
        gate at = {0};
        numbered jobs[BURST];
        config.workers = workers[w];
        config.width = WIDTH;
        filch_pool *pool = pool_of(config);
        for (unsigned i = 0; i < BURST; i++) {
            jobs[i] = (numbered){&at, FILCH_UNDECIDED};
            OK(filch_pool_submit(NULL, pool, stands_still, &jobs[i], &noted, FILCH_FOREVER));
        }
        end(pool, &at);
        for (unsigned i = 0; i < BURST; i++)
            cr_assert_eq(jobs[i].outcome, from <= i && i < to ? FILCH_DROPPED : FILCH_SUCCEEDED,
                         "job %u", i);
    }
}

Test(pool_idle, drop_oldest_spares_free_places)
{
    expect_dropped((filch_pool_config){.capacity = 1,
                                       .order = FILCH_FIFO,
                                       .full = FILCH_FULL_DROP_OLDEST},
                   WIDTH, BURST - 1);
    expect_dropped((filch_pool_config){.capacity = 10,
                                       .order = FILCH_FIFO,
                                       .full = FILCH_FULL_DROP_OLDEST},
                   WIDTH, BURST - 10);
}

Test(pool_idle, drop_newest_spares_free_places)
{
    expect_dropped((filch_pool_config){.capacity = 1,
                                       .order = FILCH_FIFO,
                                       .full = FILCH_FULL_DROP_NEWEST},
                   WIDTH + 1, BURST);
}

Test(pool_idle, rendezvous_drops_no_job_with_place)
{
    expect_dropped((filch_pool_config){.capacity = FILCH_RENDEZVOUS,
                                       .order = FILCH_FIFO,
                                       .full = FILCH_FULL_DROP_OLDEST},
                   WIDTH, BURST);
}

/* ---- Other submissions ---- */

Test(pool_idle, batches_take_free_places)
{
    for (unsigned w = 0; w < WORKERS; w++) {
        gate at = {0};
        void *data[BURST];
        filch_submission each[BURST];
        for (unsigned i = 0; i < BURST; i++) {
            data[i] = &at;
            each[i] = (filch_submission){stand_still, &at, NULL};
        }
        for (int by_each = 0; by_each < 2; by_each++) {
            size_t accepted = 0;
            at = (gate){0};
            filch_pool *pool = pool_of((filch_pool_config){
                .workers = workers[w], .width = WIDTH, .capacity = 2, .full = FILCH_FULL_REJECT});
            int rc =
                by_each ? filch_pool_submit_each(pool, each, BURST, 0, &accepted)
                        : filch_pool_submit_all(pool, stand_still, data, BURST, NULL, 0, &accepted);
            cr_assert_eq(rc, -EAGAIN);
            cr_assert_eq(accepted, WIDTH + 2);
            end(pool, &at);
        }
    }
}

Test(pool_idle, a_refused_job_leaves_its_key)
{
    gate at = {0};
    char key[] = "a";
    const filch_job_options keyed = {.key = key};
    filch_pool *pool = pool_of((
        filch_pool_config){.workers = 1, .width = WIDTH, .capacity = 1, .full = FILCH_FULL_REJECT});
    for (; key[0] < 'a' + WIDTH + 1; key[0]++)
        cr_assert_eq(filch_pool_submit(NULL, pool, stand_still, &at, &keyed, 0), 0, "%s", key);
    cr_assert_eq(filch_pool_submit(NULL, pool, stand_still, &at, &keyed, 0), -EAGAIN);
    OK(filch_pool_resize(pool, WIDTH + 1));
    cr_assert_eq(filch_pool_submit(NULL, pool, stand_still, &at, &keyed, 0), 0, "it was refused");
    key[0] = 'a';
    cr_assert_eq(filch_pool_submit(NULL, pool, stand_still, &at, &keyed, 0), -EEXIST);
    end(pool, &at);
}

Test(pool_idle, a_direct_pool_is_never_full)
{
    gate at = {0};
    const filch_job_options keyed = {.key = "one"};
    filch_pool *pool = pool_of((filch_pool_config){.workers = 1});
    cr_assert_eq(stats_of(pool).width, 0);
    for (unsigned i = 0; i < BURST; i++)
        OK(filch_pool_submit(NULL, pool, stand_still, &at, NULL, 0));
    OK(filch_pool_submit(NULL, pool, stand_still, &at, &keyed, 0));
    end(pool, &at);
}

/* ---- The number of places changes ---- */

Test(pool_idle, a_narrowed_pool_keeps_its_capacity)
{
    gate at = {0};
    filch_pool *pool = pool_of((
        filch_pool_config){.workers = 2, .width = WIDTH, .capacity = 1, .full = FILCH_FULL_REJECT});
    for (unsigned i = 0; i < WIDTH; i++)
        cr_assert_eq(FILCH_SUBMIT(pool, stand_still, &at), 0);
    signpost_wait(&at.begun, WIDTH);
    OK(filch_pool_resize(pool, 1));
    expect_room_for(pool, 1, &at, -EAGAIN);
    OK(filch_pool_resize(pool, WIDTH + 3));
    expect_room_for(pool, 3, &at, -EAGAIN);
    end(pool, &at);
}

Test(pool_idle, a_narrowed_pool_counts_waiting_jobs)
{
    gate busy = {0}, at = {0};
    filch_pool *pool = pool_of((
        filch_pool_config){.workers = 1, .width = WIDTH, .capacity = 2, .full = FILCH_FULL_REJECT});
    cr_assert_eq(FILCH_SUBMIT(pool, hog, &busy), 0);
    signpost_wait(&busy.begun, 1);
    expect_room_for(pool, WIDTH - 1 + 2, &at, -EAGAIN);
    OK(filch_pool_resize(pool, 2));
    expect_room_for(pool, 0, &at, -EAGAIN);
    signpost_raise(&busy.go);
    end(pool, &at);
}

Test(pool_idle, an_elastic_pool_has_current_places)
{
    gate at = {0};
    filch_pool *pool = pool_of((filch_pool_config){.workers = 2,
                                                   .width = 2,
                                                   .width_max = WIDTH,
                                                   .interval = FILCH_FOREVER,
                                                   .capacity = 1,
                                                   .full = FILCH_FULL_REJECT});
    expect_room_for(pool, 3, &at, -EAGAIN);
    end(pool, &at);
}

Test(pool_idle, an_elastic_pool_grows_for_submitters)
{
    for (unsigned w = 0; w < WORKERS; w++) {
        gate at = {0};
        filch_pool *pool = pool_of((filch_pool_config){.workers = workers[w],
                                                       .width = 1,
                                                       .width_max = WIDTH,
                                                       .interval = FILCH_MILLISECOND,
                                                       .capacity = 1});
        for (unsigned i = 0; i < WIDTH + 1; i++)
            cr_assert_eq(FILCH_SUBMIT(pool, stand_still, &at), 0);
        signpost_wait(&at.begun, WIDTH);
        expect_room_for(pool, 0, &at, -ETIMEDOUT);
        end(pool, &at);
    }
}

/* ---- Delayed jobs count, also beside free places ---- */

static const filch_retry_policy later = {.attempts = 2,
                                         .base = 1000 * FILCH_SECOND,
                                         .jitter = FILCH_JITTER_NONE};

Test(pool_idle, delayed_jobs_fill_the_capacity)
{
    for (size_t capacity = 1; capacity <= 2; capacity++) {
        gate at = {0};
        filch_pool *pool = pool_of((filch_pool_config){.workers = 2,
                                                       .width = WIDTH,
                                                       .capacity = capacity,
                                                       .retry = &later,
                                                       .full = FILCH_FULL_REJECT});
        cr_assert_eq(FILCH_SUBMIT(pool, returns, RETURNED(-EAGAIN)), 0);
        WAIT_WHILE(!stats_of(pool).delayed);
        expect_room_for(pool, capacity == 1 ? 0 : WIDTH + 1, &at, -EAGAIN);
        signpost_raise(&at.go);
        filch_pool_shutdown_now(pool);
        OK(filch_pool_destroy(pool));
    }
}

Test(pool_idle, a_delayed_job_is_dropped_first)
{
    gate at = {0};
    filch_pool *pool = pool_of((filch_pool_config){
        .workers = 1, .width = 2, .capacity = 1, .retry = &later, .full = FILCH_FULL_DROP_OLDEST});
    cr_assert_eq(FILCH_SUBMIT(pool, returns, RETURNED(-EAGAIN)), 0);
    WAIT_WHILE(!stats_of(pool).delayed);
    cr_assert_eq(FILCH_SUBMIT(pool, hog, &at), 0);
    cr_assert_eq(stats_of(pool).outcomes[FILCH_DROPPED], 1);
    cr_assert_eq(FILCH_SUBMIT(pool, hog, &at), 0);
    cr_assert_eq(FILCH_SUBMIT(pool, hog, &at), 0);
    cr_assert_eq(stats_of(pool).outcomes[FILCH_DROPPED], 1, "two places and the capacity");
    end(pool, &at);
}

Test(pool_idle, jobs_without_permit_have_places)
{
    gate at = {0};
    filch_limiter *limiter;
    OK(filch_limiter_create(&limiter,
                            (filch_limit){.rate = 1, .burst = 1, .period = 1000 * FILCH_SECOND}));
    filch_pool *pool = pool_of((filch_pool_config){.workers = 2,
                                                   .width = WIDTH,
                                                   .capacity = 1,
                                                   .limiter = limiter,
                                                   .full = FILCH_FULL_REJECT});
    expect_room_for(pool, WIDTH + 1, &at, -EAGAIN);
    signpost_raise(&at.go);
    filch_pool_shutdown_now(pool);
    OK(filch_pool_destroy(pool));
    filch_limiter_destroy(limiter);
}

/* ---- Submitters that wait are admitted when a place becomes free ---- */

/* Its worker is busy elsewhere, so that no runner comes. */
static void occupy(filch_self self, void *arg)
{
    hog(self, NULL, arg);
}

static int fails_once(filch_self self, filch_job *job, void *data)
{
    return filch_job_attempts(job) == 1 ? -EAGAIN : 0;
}

Test(pool_idle, a_due_retry_admits_a_submitter)
{
    static const filch_retry_policy soon = {.attempts = 2,
                                            .base = FILCH_SECOND / 20,
                                            .jitter = FILCH_JITTER_NONE};
    gate at = {0};
    submitter it;
    filch_runtime *rt;
    OK(filch_runtime_create(&rt, &(filch_config){.workers = 1}));
    filch_pool *pool =
        pool_of((filch_pool_config){.runtime = rt, .width = 2, .capacity = 1, .retry = &soon});
    cr_assert_eq(FILCH_SUBMIT(pool, fails_once, NULL), 0);
    WAIT_WHILE(!stats_of(pool).delayed && !stats_of(pool).outcomes[FILCH_SUCCEEDED]);
    OK(filch_go(rt, occupy, &at));
    signpost_wait(&at.begun, 1);
    submitter_begins(&it, pool);
    submitter_has_ended(&it, 0);
    end(pool, &at);
    OK(filch_runtime_destroy(rt));
}

Test(pool_idle, a_spare_admits_a_submitter)
{
    static const size_t kinds[] = {1, FILCH_RENDEZVOUS};
    static const filch_job_options hurried = {.timeout = FILCH_MILLISECOND};
    for (unsigned k = 0; k < 2; k++) {
        gate at = {0};
        submitter those[2];
        filch_pool *pool = pool_of((filch_pool_config){.workers = 2,
                                                       .width = 1,
                                                       .capacity = kinds[k],
                                                       .stuck_after = FILCH_MILLISECOND,
                                                       .spares = 1});
        while (!signpost_count(&at.begun)) { /* unless its deadline comes first */
            int rc = filch_pool_submit(NULL, pool, stand_still, &at, &hurried, FILCH_FOREVER);
            cr_assert(rc == 0 || rc == -ETIMEDOUT, "%d: %s", rc, filch_error());
            WAIT_WHILE(!signpost_count(&at.begun) && stats_of(pool).waiting);
        }
        for (int i = 0; i < 2; i++)
            submitter_begins(&those[i], pool);
        for (int i = 0; i < 2; i++)
            submitter_has_ended(&those[i], 0);
        end(pool, &at);
    }
}

static void *submits_burst(void *arg)
{
    for (unsigned i = 0; i < 10 * BURST; i++)
        cr_assert_eq(FILCH_SUBMIT((filch_pool *)arg, succeeds, NULL), 0);
    return NULL;
}

Test(pool_idle, no_submitter_waits_for_ever)
{
    for (unsigned w = 0; w < WORKERS; w++) {
        pthread_t threads[4];
        filch_pool *pool =
            pool_of((filch_pool_config){.workers = workers[w], .width = WIDTH, .capacity = 1});
        for (int i = 0; i < 4; i++)
            cr_assert_eq(pthread_create(&threads[i], NULL, submits_burst, pool), 0);
        for (int i = 0; i < 4; i++)
            pthread_join(threads[i], NULL);
        OK(filch_pool_wait(pool, FILCH_FOREVER));
        cr_assert_eq(stats_of(pool).outcomes[FILCH_SUCCEEDED], 4 * 10 * BURST);
        OK(filch_pool_destroy(pool));
    }
}
