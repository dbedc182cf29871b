/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Caches of objects: an object put back is handed out again, ready for use; one that finds no room
 * is freed. */
#include <filch/cache.h>
#include <stdint.h>
#include <tests/support/tasks.h>
#include <tests/support/test.h>

/* Calls of a test's callbacks, and their behaviour. */
static struct works {
    signpost constructed, reset, destructed;
    int construct_rc, reset_rc;
    bool construct_panics, reset_panics, destruct_panics;
} works;

static int construct(void *object, void *arg)
{
    cr_assert_eq(arg, &works);
    if (works.construct_panics)
        FILCH_PANIC(-EPROTO, "no construction");
    if (works.construct_rc)
        return works.construct_rc;
    *(unsigned *)object = 1;
    signpost_raise(&works.constructed);
    return 0;
}

static int reset(void *object, void *arg)
{
    if (works.reset_panics)
        FILCH_PANIC(-EPROTO, "no reset");
    *(unsigned *)object = 1;
    signpost_raise(&works.reset);
    return works.reset_rc;
}

static void destruct(void *object, void *arg)
{
    signpost_raise(&works.destructed);
    if (works.destruct_panics)
        FILCH_PANIC(-EPROTO, "no destruction");
}

static const filch_cache_config plain = {
    .size = 40, .construct = construct, .reset = reset, .destruct = destruct, .arg = &works};

static filch_cache *cache_of(filch_runtime *rt, const filch_cache_config *config)
{
    filch_cache *cache = NULL;
    works = (struct works){.construct_rc = 0};
    if (filch_cache_create(&cache, rt, config))
        filch_die("%s", filch_error());
    return cache;
}

static filch_cache_stats stats_of(filch_cache *cache)
{
    filch_cache_stats all;
    filch_cache_stats_read(cache, &all, sizeof all);
    return all;
}

static void *got(filch_cache *cache)
{
    void *object = NULL;
    cr_assert_eq(filch_cache_acquire(cache, &object), 0, "%s", filch_error());
    return object;
}

/* Everything that was made has been freed. */
static void ends(filch_cache *cache)
{
    filch_cache_drain(cache);
    filch_cache_stats all = stats_of(cache);
    cr_assert_eq(all.kept, 0);
    cr_assert_eq(all.made, all.freed);
    cr_assert_eq(all.acquired, all.given_back);
    OK(filch_cache_destroy(cache));
}

Test(cache, returned_object_is_reset_and_reused)
{
    filch_runtime *rt = config_runtime(2, 0);
    filch_cache *cache = cache_of(rt, &plain);
    unsigned *one = got(cache);
    cr_assert_eq(*one, 1, "constructed");
    *one = 2;
    filch_cache_give_back(cache, one);
    cr_assert_eq(got(cache), one);
    cr_assert_eq(*one, 1, "reset");
    cr_assert_eq(signpost_count(&works.constructed), 1);
    filch_cache_give_back(cache, one);
    filch_cache_give_back(cache, NULL);
    ends(cache);
    cr_assert_eq(signpost_count(&works.destructed), 1);
    OK(filch_runtime_destroy(rt));
}

Test(cache, objects_are_zeroed_without_callbacks)
{
    static const char zero[100];
    filch_runtime *rt = config_runtime(2, 0);
    filch_cache *cache = cache_of(rt, &(filch_cache_config){.size = 100, .alignment = 256});
    void *one = got(cache);
    cr_assert_eq(memcmp(one, zero, sizeof zero), 0);
    cr_assert_eq((uintptr_t)one % 256, 0);
    filch_cache_give_back(cache, one);
    ends(cache);
    OK(filch_runtime_destroy(rt));
}

Test(cache, what_finds_no_room_is_freed)
{
    enum { MAGAZINE = 3, DEPOT = 2, MANY = 40 };
    filch_cache_config config = plain;
    config.magazine = MAGAZINE;
    config.depot = DEPOT;
    void *all[MANY];
    filch_runtime *rt = config_runtime(2, 0);
    filch_cache *cache = cache_of(rt, &config);
    for (unsigned i = 0; i < MANY; i++)
        all[i] = got(cache);
    for (unsigned i = 0; i < MANY; i++)
        filch_cache_give_back(cache, all[i]);
    enum { ROOM = (2 + DEPOT) * MAGAZINE }; /* one thread: its shelf, and the depot */
    filch_cache_stats stats = stats_of(cache);
    cr_assert_eq(stats.kept, ROOM);
    cr_assert_eq(stats.freed, MANY - ROOM);
    for (unsigned i = 0; i < ROOM; i++)
        all[i] = got(cache);
    cr_assert_eq(stats_of(cache).made, MANY, "all that was kept comes back");
    for (unsigned i = 0; i < ROOM; i++)
        for (unsigned j = i + 1; j < ROOM; j++)
            cr_assert_neq(all[i], all[j]);
    for (unsigned i = 0; i < ROOM; i++)
        filch_cache_give_back(cache, all[i]);
    ends(cache);
    OK(filch_runtime_destroy(rt));
}

Test(cache, depot_is_avoided_at_magazine_boundary)
{
    enum { MAGAZINE = 4 };
    filch_cache_config config = plain;
    config.magazine = MAGAZINE;
    filch_runtime *rt = config_runtime(2, 0);
    filch_cache *cache = cache_of(rt, &config);
    void *all[2 * MAGAZINE + 1];
    for (unsigned i = 0; i < 2 * MAGAZINE + 1; i++)
        all[i] = got(cache);
    for (unsigned i = 0; i < 2 * MAGAZINE + 1; i++)
        filch_cache_give_back(cache, all[i]);
    uint64_t before = stats_of(cache).exchanged;
    cr_assert_eq(before, 1);
    for (unsigned i = 0; i < 100; i++) {
        void *one = got(cache), *two = got(cache);
        filch_cache_give_back(cache, one);
        filch_cache_give_back(cache, two);
    }
    cr_assert_eq(stats_of(cache).exchanged, before);
    ends(cache);
    OK(filch_runtime_destroy(rt));
}

/* ---- Callbacks that fail ---- */

Test(cache, a_failed_construction_is_reported)
{
    filch_runtime *rt = config_runtime(2, 0);
    filch_cache *cache = cache_of(rt, &plain);
    void *one = NULL;
    works.construct_rc = -ENOSPC;
    cr_assert_eq(filch_cache_acquire(cache, &one), -ENOSPC);
    works.construct_rc = 1;
    cr_assert_eq(filch_cache_acquire(cache, &one), -EINVAL);
    cr_assert_null(one);
    ends(cache);
    OK(filch_runtime_destroy(rt));
}

Test(cache, unresettable_object_is_not_kept)
{
    filch_runtime *rt = config_runtime(2, 0);
    filch_cache *cache = cache_of(rt, &plain);
    void *one = got(cache);
    works.reset_rc = -EMSGSIZE;
    filch_cache_give_back(cache, one);
    cr_assert_eq(stats_of(cache).kept, 0);
    cr_assert_eq(signpost_count(&works.destructed), 1);
    ends(cache);
    OK(filch_runtime_destroy(rt));
}

static void get_one(filch_self self, void *cache)
{
    void *one;
    filch_cache_acquire(cache, &one);
}

static void put_one(filch_self self, void *cache)
{
    void *one = got(cache);
    works.reset_panics = true;
    filch_cache_give_back(cache, one);
}

static void drain_it(filch_self self, void *cache)
{
    filch_cache_drain(cache);
}

FILCH_VOID_TASK(panic_everywhere, (filch_cache *, cache))
{
    void *some[4];
    works.construct_panics = true;
    cr_assert_eq(filch_try(self, get_one, cache, NULL), -EPROTO);
    works.construct_panics = false;
    cr_assert_eq(stats_of(cache).made, 0);
    cr_assert_eq(filch_try(self, put_one, cache, NULL), -EPROTO);
    works.reset_panics = false;
    cr_assert_eq(stats_of(cache).freed, 1);
    for (unsigned i = 0; i < 4; i++)
        some[i] = got(cache);
    for (unsigned i = 0; i < 4; i++)
        filch_cache_give_back(cache, some[i]);
    works.destruct_panics = true;
    for (unsigned i = 1; i <= 4; i++) {
        cr_assert_eq(filch_try(self, drain_it, cache, NULL), -EPROTO);
        cr_assert_eq(stats_of(cache).kept, 4 - i);
        cr_assert_eq(stats_of(cache).freed, 1 + i);
    }
    works.reset_panics = true; /* and its destruction, too */
    cr_assert_eq(filch_try(self, put_one, cache, NULL), -EPROTO);
    cr_assert_eq(stats_of(cache).freed, 6);
    works.reset_panics = works.destruct_panics = false;
}

Test(cache, callbacks_that_panic_lose_nothing)
{
    for (unsigned c = 0; c < CONFIGS; c++) {
        filch_runtime *rt = config_runtime(c, 10000);
        filch_cache *cache = cache_of(rt, &plain);
        FILCH_RUN(rt, panic_everywhere, cache);
        ends(cache);
        cr_assert_eq(signpost_count(&works.constructed), signpost_count(&works.destructed));
        OK(filch_runtime_destroy(rt));
    }
}

/* ---- From everywhere ---- */

static void use_some(filch_self self, void *cache, unsigned index)
{
    for (unsigned i = 0; i < 200; i++) {
        unsigned *some[5];
        for (unsigned j = 0; j < 5; j++) {
            some[j] = got(cache);
            cr_assert_eq(*some[j], 1, "nobody else has it");
            *some[j] = 2 + index;
        }
        if (i % 16 == 0)
            party_gives_way(self);
        for (unsigned j = 0; j < 5; j++) {
            cr_assert_eq(*some[j], 2 + index);
            filch_cache_give_back(cache, some[j]);
        }
    }
}

Test(cache, no_object_has_two_holders)
{
    filch_cache_config config = plain;
    config.magazine = 4;
    for (unsigned c = 0; c < CONFIGS; c++) {
        filch_runtime *rt = config_runtime(c, 1000000);
        filch_cache *cache = cache_of(rt, &config);
        parties_meet(rt, 8, 3, use_some, cache);
        cr_assert_eq(stats_of(cache).acquired, 11 * 200 * 5);
        cr_assert_eq(stats_of(cache).made, signpost_count(&works.constructed));
        ends(cache);
        cr_assert_eq(signpost_count(&works.constructed), signpost_count(&works.destructed));
        cr_assert_eq(filch_runtime_destroy(rt), 0, "%s", config_name(c));
    }
}

/* ---- Misuse ---- */

Test(cache, bad_arguments_are_refused)
{
    filch_runtime *rt = config_runtime(2, 0);
    filch_cache *cache = NULL;
    filch_cache_config config;
    cr_assert_eq(filch_cache_create(NULL, rt, &plain), -EINVAL);
    cr_assert_eq(filch_cache_create(&cache, rt, NULL), -EINVAL);
    cr_assert_eq(filch_cache_create(&cache, NULL, &plain), -EINVAL, "no task calls");
#define REFUSED(change)                                                                            \
    config = plain;                                                                                \
    config.change;                                                                                 \
    cr_assert_eq(filch_cache_create(&cache, rt, &config), -EINVAL, #change);
    REFUSED(size = 0)
    REFUSED(size = SIZE_MAX)
    REFUSED(alignment = 24)
    REFUSED(magazine = 1025)
    REFUSED(depot = 65537)
    cr_assert_null(cache);
    void *none;
    cr_assert_eq(filch_cache_acquire(NULL, &none), -EINVAL);
    OK(filch_cache_destroy(NULL));
    cache = cache_of(rt, &plain);
    cr_assert_eq(filch_cache_acquire(cache, NULL), -EINVAL);
    void *one = got(cache);
    cr_assert_eq(filch_cache_destroy(cache), -EBUSY, "one is outside");
    filch_cache_give_back(cache, one);
    ends(cache);
    OK(filch_runtime_destroy(rt));
}
