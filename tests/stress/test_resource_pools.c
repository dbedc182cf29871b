/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Tasks and threads that take, break, hold and give back resources at random, while resources fail
 * to be made, fail their checks and grow old. Nothing is lost, no resource has two holders, and all
 * numbers agree. */
#include <tests/support/patterns.h>
#include <tests/support/tasks.h>
#include <tests/support/test.h>

enum { TASKS = 12, THREADS = 4 };

static resource_source from;

typedef struct customers {
    filch_resource_pool *pool;
    uint64_t seed;
    filch_u64 served, refused;
    bool closes;
} customers;

static void hold(filch_self self, customers *all, filch_resource *one, uint64_t random)
{
    source_enter(&from, one);
    if (random % 8 == 0)
        party_gives_way(self);
    else if (random % 64 == 1)
        filch_sleep((int64_t)(random >> 8) % 50000);
    else
        stress_dawdle(random);
    source_leave(one);
    filch_u64_add(&all->served, 1, FILCH_ACQ_REL);
}

static void make_trouble(uint64_t random)
{
    if (random % 16 == 0)
        filch_u32_add(&from.failures, 1, FILCH_ACQ_REL);
    if (random % 16 == 1)
        filch_u32_add(&from.panics, 1, FILCH_ACQ_REL);
    if (random % 8 < 2)
        filch_u32_store(&from.check_mood, SOURCE_FAILS + random % 2, FILCH_RELEASE);
}

static void shop(filch_self self, void *arg, unsigned index)
{
    customers *all = arg;
    unsigned times = stress_times(2000);
    for (unsigned i = 0; i < times; i++) {
        uint64_t random = stress_mix(all->seed + index * UINT64_C(1000003) + i);
        filch_resource *one = NULL;
        make_trouble(random >> 40);
        int rc = filch_resource_pool_acquire(all->pool, &one, party_deadline(random >> 8));
        if (rc) {
            filch_u64_add(&all->refused, 1, FILCH_ACQ_REL);
            cr_assert(rc == -ETIMEDOUT || rc == -ECONNREFUSED || rc == -EPROTO || rc == -EPIPE,
                      "%d: %s", rc, filch_error());
            cr_assert_null(one);
            continue;
        }
        hold(self, all, one, random >> 20);
        OK(filch_resource_give_back(one, random % 16 != 5));
    }
    if (index == 0 && all->closes)
        filch_resource_pool_close(all->pool);
}

static filch_resource_pool_config config_for(uint64_t seed)
{
    filch_resource_pool_config config = source_config(&from, (unsigned)(seed >> 4) % 3, 3);
    config.check_after = (int64_t)(seed >> 8) % 3 * 20000;
    config.idle_time = seed % 2 ? 50000 : 0;
    config.max_lifetime = seed % 3 ? 300000 : 0;
    config.retry = 100000;
    return config;
}

static void shop_everywhere(bool closes)
{
    uint64_t seed = stress_seed();
    for (unsigned c = 0; c < CONFIGS; c++) {
        filch_runtime *rt = config_runtime(c, 1000000);
        filch_resource_pool_config config = config_for(stress_mix(seed + c));
        customers all = {.pool = resources_of(rt, &config),
                         .seed = stress_mix(seed - c),
                         .closes = closes};
        parties_meet(rt, TASKS, THREADS, shop, &all);
        filch_resource_pool_stats stats = resources_stats(all.pool);
        cr_assert_eq(stats.acquired, filch_u64_load(&all.served, FILCH_ACQUIRE));
        cr_assert_eq(stats.refused, filch_u64_load(&all.refused, FILCH_ACQUIRE));
        source_ends(&from, all.pool);
        cr_assert_eq(filch_runtime_destroy(rt), 0, "%s", config_name(c));
    }
}

Test(resource_pools, all_numbers_agree_whatever_happens)
{
    shop_everywhere(false);
}

Test(resource_pools, close_midway_keeps_numbers_agreeing)
{
    shop_everywhere(true);
}

/* ---- The last one out ---- */

typedef struct last {
    filch_resource_pool *pool;
    filch_resource *held;
} last;

/* Index 0 frees the pool as soon as it may; the other's release is what it waits for. */
static void end_it(filch_self self, void *arg, unsigned index)
{
    last *it = arg;
    if (index) {
        OK(filch_resource_give_back(it->held, index % 2));
        return;
    }
    filch_resource_pool_close(it->pool);
    OK(filch_resource_pool_wait(it->pool, FILCH_FOREVER));
    OK(filch_resource_pool_destroy(it->pool));
}

Test(resource_pools, last_resource_allows_freeing_pool)
{
    for (unsigned c = 0; c < CONFIGS; c++) {
        filch_runtime *rt = config_runtime(c, 1000000);
        for (unsigned i = 0; i < stress_times(100); i++) {
            filch_resource_pool_config config = source_config(&from, i % 3, 2);
            config.max_lifetime = i % 4 ? 1000 : 0; /* the alarm rings meanwhile */
            last it = {.pool = resources_of(rt, &config)};
            OK(filch_resource_pool_acquire(it.pool, &it.held, FILCH_FOREVER));
            parties_meet(rt, 1, 1, end_it, &it);
            cr_assert_eq(signpost_count(&from.made), signpost_count(&from.gone));
        }
        cr_assert_eq(filch_runtime_destroy(rt), 0, "%s", config_name(c));
    }
}
