/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A runtime is not destroyed under what starts tasks on it by itself. */
#include <filch/batcher.h>
#include <filch/pipeline.h>
#include <filch/resources.h>
#include <string.h>
#include <tests/support/pools.h>
#include <tests/support/test.h>

static int make(filch_self self, void **value, void *arg)
{
    *value = arg;
    return 0;
}

static void flush(filch_self self, void *const *items, int *outcomes, size_t count, void *arg)
{
}

static int pass(filch_self self, filch_emitter *out, void *item, void *arg)
{
    return filch_emit(out, item);
}

/* ---- Each kind ---- */

static void *new_pool(filch_runtime *rt)
{
    return pool_of((filch_pool_config){.runtime = rt});
}

static void end_pool(void *it)
{
    OK(filch_pool_destroy(it));
}

static void *new_resources(filch_runtime *rt)
{
    filch_resource_pool *it = NULL;
    filch_resource_pool_config config = {.max = 1, .create = make};
    cr_assert_eq(filch_resource_pool_create(&it, rt, &config), 0, "%s", filch_error());
    return it;
}

static void end_resources(void *it)
{
    OK(filch_resource_pool_destroy(it));
}

static void *new_batcher(filch_runtime *rt)
{
    filch_batcher *it = NULL;
    filch_batcher_config config = {.size = 2, .flush = flush};
    cr_assert_eq(filch_batcher_create(&it, rt, &config), 0, "%s", filch_error());
    return it;
}

static void end_batcher(void *it)
{
    filch_batcher_destroy(it);
}

static void *new_pipeline(filch_runtime *rt)
{
    static const filch_stage stages[] = {{.fn = pass}};
    filch_pipeline *it = NULL;
    filch_pipeline_config config = {.stages = stages, .count = 1};
    cr_assert_eq(filch_pipeline_create(&it, rt, &config), 0, "%s", filch_error());
    return it;
}

static void end_pipeline(void *it)
{
    OK(filch_pipeline_destroy(it));
}

static const struct kind {
    const char *name;
    void *(*make)(filch_runtime *rt);
    void (*end)(void *it);
} kinds[] = {
    {"pool", new_pool, end_pool},
    {"resources", new_resources, end_resources},
    {"batcher", new_batcher, end_batcher},
    {"pipeline", new_pipeline, end_pipeline},
};
enum { KINDS = sizeof kinds / sizeof kinds[0] };

Test(tenants, occupied_runtime_is_not_destroyed)
{
    filch_runtime *rt = config_runtime(2, 0);
    for (unsigned i = 0; i < KINDS; i++) {
        void *it = kinds[i].make(rt);
        cr_assert_eq(filch_runtime_destroy(rt), -EBUSY, "%s", kinds[i].name);
        cr_assert(strstr(filch_error(), "1 pools") && strchr(filch_error(), ';'), "%s",
                  filch_error());
        kinds[i].end(it);
    }
    cr_assert_eq(filch_runtime_destroy(rt), 0, "%s", filch_error());
}

Test(tenants, all_have_to_move_out)
{
    void *all[KINDS];
    filch_runtime *rt = config_runtime(2, 0);
    for (unsigned i = 0; i < KINDS; i++)
        all[i] = kinds[i].make(rt);
    for (unsigned i = 0; i < KINDS; i++) {
        cr_assert_eq(filch_runtime_destroy(rt), -EBUSY, "%u are left", KINDS - i);
        kinds[i].end(all[i]);
    }
    cr_assert_eq(filch_runtime_destroy(rt), 0, "%s", filch_error());
}
