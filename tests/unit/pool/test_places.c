/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Place numbers of jobs: the lowest free one, held by one job in progress at a time. */
#include <runtime/pool/pool.h>
#include <tests/support/pools.h>
#include <tests/support/test.h>

/* ---- Numbers ---- */

Test(places, the_lowest_free_one_is_taken)
{
    fl_places places = {0};
    for (int i = 0; i < 200; i++)
        cr_assert_eq(fl_places_take(&places), i);
    static const unsigned given[] = {130, 5, 64, 63};
    static const int taken[] = {5, 63, 64, 130, 200};
    for (int i = 0; i < 4; i++)
        fl_places_give(&places, given[i]);
    for (int i = 0; i < 5; i++)
        cr_assert_eq(fl_places_take(&places), taken[i]);
    fl_places_clear(&places);
}

/* ---- Jobs ---- */

enum { WIDTH = 4 };

typedef struct desks {
    filch_u32 used[2 * WIDTH];
    filch_u32 twice, most;
    int64_t pause; /* attempts fail until there were two, then */
} desks;

static int sits(filch_self self, filch_job *job, void *data)
{
    desks *all = data;
    int place = filch_job_place(job);
    cr_assert(place >= 0 && place < 2 * WIDTH, "%d", place);
    uint32_t most = filch_u32_load(&all->most, FILCH_ACQUIRE);
    while ((uint32_t)place > most &&
           !filch_u32_cas(&all->most, &most, (uint32_t)place, FILCH_ACQ_REL))
        ;
    if (filch_u32_exchange(&all->used[place], 1, FILCH_ACQ_REL))
        filch_u32_add(&all->twice, 1, FILCH_ACQ_REL);
    filch_yield(self);
    cr_assert_eq(filch_job_place(job), place, "it stays");
    filch_u32_store(&all->used[place], 0, FILCH_RELEASE);
    return all->pause && filch_job_attempts(job) < 2 ? -EAGAIN : 0;
}

static void expect_one_at_each(filch_pool_config config, uint32_t most, int64_t pause)
{
    desks all = {.pause = pause};
    filch_pool *pool = pool_of(config);
    for (int i = 0; i < 200; i++)
        cr_assert_eq(FILCH_SUBMIT(pool, sits, &all), 0);
    OK(filch_pool_wait(pool, FILCH_FOREVER));
    cr_assert_eq(stats_of(pool).outcomes[FILCH_SUCCEEDED], 200);
    cr_assert_eq(filch_u32_load(&all.twice, FILCH_ACQUIRE), 0);
    cr_assert_leq(filch_u32_load(&all.most, FILCH_ACQUIRE), most);
    OK(filch_pool_destroy(pool));
}

Test(places, concurrent_places_are_distinct_below_width)
{
    static const filch_retry_policy again = {.attempts = 2, .base = 1000, .cap = 1000};
    have_fibers();
    for (unsigned workers = 1; workers <= 8; workers *= 2) {
        expect_one_at_each((filch_pool_config){.workers = workers, .width = WIDTH}, WIDTH - 1, 0);
        expect_one_at_each((filch_pool_config){.workers = workers,
                                               .width = WIDTH,
                                               .order = FILCH_EARLIEST},
                           WIDTH - 1, 0);
    }
    expect_one_at_each((filch_pool_config){.workers = 2, .width = WIDTH, .retry = &again},
                       WIDTH - 1, 1);
}

typedef struct sitter {
    gate at;
    int place;
} sitter;

static int sits_still(filch_self self, filch_job *job, void *data)
{
    sitter *it = data;
    it->place = filch_job_place(job);
    return stand_still(self, job, &it->at);
}

Test(places, narrowed_pool_gives_low_places_again)
{
    sitter those[4] = {0}, last = {0};
    have_fibers();
    filch_pool *pool = pool_of((filch_pool_config){.workers = 1, .width = 4});
    for (int i = 0; i < 4; i++) {
        cr_assert_eq(FILCH_SUBMIT(pool, sits_still, &those[i]), 0);
        signpost_wait(&those[i].at.begun, 1);
        cr_assert_eq(those[i].place, i);
    }
    OK(filch_pool_resize(pool, 2));
    for (int i = 0; i < 3; i++)
        signpost_raise(&those[i].at.go);
    cr_assert_eq(FILCH_SUBMIT(pool, sits_still, &last), 0);
    signpost_wait(&last.at.begun, 1);
    cr_assert_leq(last.place, 2, "%d", last.place);
    signpost_raise(&last.at.go);
    signpost_raise(&those[3].at.go);
    OK(filch_pool_destroy(pool));
}

static int has_none(filch_self self, filch_job *job, void *data)
{
    return filch_job_place(job) == -EINVAL ? 0 : -EPROTO;
}

Test(places, jobs_beyond_width_have_no_place)
{
    gate at;
    filch_pool *direct = pool_of((filch_pool_config){.workers = 1});
    cr_assert_eq(FILCH_SUBMIT(direct, has_none, NULL), 0);
    OK(filch_pool_wait(direct, FILCH_FOREVER));
    cr_assert_eq(stats_of(direct).outcomes[FILCH_SUCCEEDED], 1);
    OK(filch_pool_destroy(direct));
    filch_pool *pool = pool_of(
        (filch_pool_config){.workers = 2, .width = 1, .capacity = 1, .full = FILCH_FULL_RUN});
    block(pool, &at);
    filch_job *waits = job_of(pool, succeeds, NULL, NULL),
              *beyond = job_of(pool, has_none, NULL, NULL);
    OK(filch_job_wait(beyond, FILCH_FOREVER));
    cr_assert_eq(filch_job_place(waits), -EINVAL);
    cr_assert_eq(filch_job_place(NULL), -EINVAL);
    filch_job_release(waits);
    filch_job_release(beyond);
    signpost_raise(&at.go);
    OK(filch_pool_destroy(pool));
}
