/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Caches to which memory is refused: an error says so, nothing is held, and a cache's objects are
 * still available. */
#include <criterion/criterion.h>
#include <errno.h>
#include <filch/cache.h>
#include <filch/filch.h>
#include <tests/support/fib.h>
#include <tests/support/refuse.h>
#include <tests/support/rest.h>

static filch_runtime *rt;

static void begin(void)
{
    rt = runtime_at_rest(2);
}

static void end(void)
{
    cr_assert_eq(filch_runtime_destroy(rt), 0);
}

TestSuite(refused_cache, .init = begin, .fini = end);

Test(refused_cache, a_cache_without_memory_is_refused)
{
    filch_cache *cache = NULL;
    filch_cache_config config = {.size = 64};
    int64_t held = blocks, times = 0;
    for (int64_t at = 0; !cache; at++) {
        refuse(MEMORY, at, false);
        int rc = filch_cache_create(&cache, rt, &config);
        times += refuse_no_more(MEMORY);
        cr_assert_eq(rc, cache ? 0 : -ENOMEM);
        cr_assert(cache || blocks == held);
    }
    cr_assert_eq(times, 2, "each allocation was refused once");
    cr_assert_eq(filch_cache_destroy(cache), 0);
    cr_assert_eq(blocks, held);
}

Test(refused_cache, without_memory_what_is_in_it_is_had_and_no_more)
{
    enum { OBJECTS = 10 };
    filch_cache *cache = NULL;
    void *all[OBJECTS], *none = NULL;
    int64_t held = blocks;
    cr_assert_eq(filch_cache_create(&cache, rt, &(filch_cache_config){.size = 64}), 0);
    for (unsigned i = 0; i < OBJECTS; i++)
        cr_assert_eq(filch_cache_get(cache, &all[i]), 0);
    refuse(MEMORY, 0, true);
    for (unsigned i = 0; i < OBJECTS; i++)
        filch_cache_put(cache, all[i]);
    for (unsigned i = 0; i < OBJECTS; i++)
        cr_assert_eq(filch_cache_get(cache, &all[i]), 0);
    cr_assert_eq(filch_cache_get(cache, &none), -ENOMEM);
    cr_assert_null(none, "untouched");
    for (unsigned i = 0; i < OBJECTS; i++)
        filch_cache_put(cache, all[i]);
    refuse_no_more(MEMORY);
    cr_assert_eq(filch_cache_destroy(cache), 0);
    cr_assert_eq(blocks, held);
}
