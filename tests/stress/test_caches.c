/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Tasks and threads that take objects from a small cache, pass some on to others, and put them
 * back, while it is drained. Each object has one user at a time, and every object made is freed. */
#include <filch/cache.h>
#include <tests/support/tasks.h>
#include <tests/support/test.h>

enum { TASKS = 12, THREADS = 4 };

typedef struct object {
    filch_u32 holders;
} object;

static signpost constructed, destructed, crowds;

static int construct(void *one, void *arg)
{
    *(object *)one = (object){.holders = {0}};
    signpost_raise(&constructed);
    return 0;
}

static void destruct(void *one, void *arg)
{
    if (filch_u32_load(&((object *)one)->holders, FILCH_ACQUIRE))
        signpost_raise(&crowds);
    signpost_raise(&destructed);
}

typedef struct users {
    filch_cache *cache;
    filch_channel *handed; /* object *: to be put by somebody else */
    uint64_t seed;
} users;

static object *take(users *all)
{
    void *one;
    cr_assert_eq(filch_cache_acquire(all->cache, &one), 0, "%s", filch_error());
    if (filch_u32_add(&((object *)one)->holders, 1, FILCH_ACQ_REL))
        signpost_raise(&crowds);
    return one;
}

static void put(users *all, object *one)
{
    filch_u32_add(&one->holders, (uint32_t)-1, FILCH_ACQ_REL);
    filch_cache_give_back(all->cache, one);
}

static void use(filch_self self, void *arg, unsigned index)
{
    enum { MOST = 9 };
    users *all = arg;
    unsigned times = stress_times(2000);
    for (unsigned i = 0; i < times; i++) {
        uint64_t random = stress_mix(all->seed + index * UINT64_C(1000003) + i);
        object *some[MOST];
        unsigned count = (unsigned)(random >> 8) % MOST;
        for (unsigned j = 0; j < count; j++)
            some[j] = take(all);
        if (random % 64 == 0)
            party_gives_way(self);
        for (unsigned j = 0; j < count; j++)
            if (j || random % 4 || filch_channel_try_send(all->handed, &some[j]))
                put(all, some[j]);
        object *others;
        if (random % 8 < 3 && !filch_channel_try_receive(all->handed, &others))
            put(all, others);
        if (random % 512 == 3)
            filch_cache_drain(all->cache);
    }
}

Test(caches, made_objects_are_freed_and_unshared)
{
    uint64_t seed = stress_seed();
    for (unsigned c = 0; c < CONFIGS; c++) {
        filch_runtime *rt = config_runtime(c, 1000000);
        users all = {.seed = stress_mix(seed + c)};
        filch_cache_config config = {.size = sizeof(object),
                                     .magazine = 1 + (unsigned)(all.seed % 5),
                                     .depot = 1 + (unsigned)(all.seed >> 8) % 9,
                                     .construct = construct,
                                     .destruct = destruct};
        OK(filch_cache_create(&all.cache, rt, &config));
        OK(filch_channel_create(&all.handed, sizeof(object *), 32));
        parties_meet(rt, TASKS, THREADS, use, &all);
        for (object *left; !filch_channel_try_receive(all.handed, &left);)
            put(&all, left);
        filch_cache_stats stats;
        filch_cache_stats_read(all.cache, &stats, sizeof stats);
        cr_assert_eq(stats.made - stats.freed, stats.kept);
        cr_assert_eq(stats.acquired, stats.given_back);
        OK(filch_cache_destroy(all.cache));
        cr_assert_eq(signpost_count(&constructed), signpost_count(&destructed));
        cr_assert_eq(signpost_count(&crowds), 0);
        filch_channel_destroy(all.handed);
        cr_assert_eq(filch_runtime_destroy(rt), 0, "%s", config_name(c));
    }
}
