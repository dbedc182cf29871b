/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <tests/support/patterns.h>
#include <tests/support/test.h>

/* One of those that are left. */
static bool source_takes(filch_u32 *left)
{
    uint32_t was = filch_u32_load(left, FILCH_RELAXED);
    while (was > 0)
        if (filch_u32_cas(left, &was, was - 1, FILCH_ACQ_REL))
            return true;
    return false;
}

static int source_create(filch_self self, void **value, void *arg)
{
    resource_source *of = arg;
    signpost_raise(&of->begun);
    if (filch_worker_index() < 0)
        signpost_raise(&of->outside);
    while (!filch_u32_load(&of->may_go_on, FILCH_ACQUIRE))
        filch_yield(self);
    if (source_takes(&of->panics))
        FILCH_PANIC(-EPROTO, "no handshake");
    if (source_takes(&of->failures))
        return -ECONNREFUSED;
    uint32_t number = filch_u32_add(&of->made, 1, FILCH_ACQ_REL);
    *value = &of->holders[number % SOURCE_MOST];
    return 0;
}

static int source_check(filch_self self, void *value, void *arg)
{
    resource_source *of = arg;
    if (filch_worker_index() < 0)
        signpost_raise(&of->outside);
    switch (filch_u32_exchange(&of->check_mood, SOURCE_GOOD, FILCH_ACQ_REL)) {
    case SOURCE_FAILS:
        return -ESTALE;
    case SOURCE_PANICS:
        FILCH_PANIC(-EPROTO, "no answer");
    default:
        return 0;
    }
}

void source_destroy(filch_self self, void *value, void *arg)
{
    resource_source *of = arg;
    if (filch_worker_index() < 0 || filch_u32_load((filch_u32 *)value, FILCH_ACQUIRE))
        signpost_raise(&of->outside);
    signpost_raise(&of->gone);
}

filch_resource_pool_config source_config(resource_source *of, unsigned min, unsigned max)
{
    *of = (resource_source){.may_go_on = {1}};
    return (filch_resource_pool_config){.min = min,
                                        .max = max,
                                        .create = source_create,
                                        .check = source_check,
                                        .destroy = source_destroy,
                                        .check_after = FILCH_FOREVER,
                                        .arg = of};
}

filch_resource_pool *resources_of(filch_runtime *rt, const filch_resource_pool_config *config)
{
    filch_resource_pool *pool = NULL;
    if (filch_resource_pool_create(&pool, rt, config))
        filch_die("%s", filch_error());
    return pool;
}

filch_resource_pool_stats resources_stats(filch_resource_pool *pool)
{
    filch_resource_pool_stats all;
    filch_resource_pool_stats_read(pool, &all, sizeof all);
    return all;
}

void source_enter(resource_source *of, filch_resource *one)
{
    if (filch_u32_add((filch_u32 *)filch_resource_value(one), 1, FILCH_ACQ_REL))
        signpost_raise(&of->crowds);
}

void source_leave(filch_resource *one)
{
    filch_u32_add((filch_u32 *)filch_resource_value(one), (uint32_t)-1, FILCH_ACQ_REL);
}

void source_ends(resource_source *of, filch_resource_pool *pool)
{
    filch_resource_pool_close(pool);
    OK(filch_resource_pool_wait(pool, FILCH_FOREVER));
    filch_resource_pool_stats all = resources_stats(pool);
    cr_assert_eq(all.created, signpost_count(&of->made));
    cr_assert_eq(all.destroyed, signpost_count(&of->gone));
    cr_assert_eq(all.created, all.destroyed);
    cr_assert_eq(all.created + all.failed, signpost_count(&of->begun));
    cr_assert_eq(all.acquired, all.released);
    cr_assert_eq(all.in_use + all.idle + all.creating + all.checking + all.destroying, 0);
    cr_assert_eq(all.waiting, 0);
    cr_assert_eq(signpost_count(&of->outside), 0);
    cr_assert_eq(signpost_count(&of->crowds), 0);
    OK(filch_resource_pool_destroy(pool));
}
