/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Each query of numbers takes the size of the caller's struct. A caller of an older release gets no
 * byte more than it has room for; one of a newer release gets zeros for the fields that this
 * library does not know. */
#include <filch/batcher.h>
#include <filch/cache.h>
#include <filch/dead_letters.h>
#include <filch/metrics.h>
#include <filch/pipeline.h>
#include <filch/pool.h>
#include <filch/resources.h>
#include <filch/stats.h>
#include <tests/support/test.h>

enum { LARGEST = 4096, MORE = 64, UNTOUCHED = 0xA5 };

static struct {
    filch_runtime *rt;
    filch_batcher *batcher;
    filch_cache *cache;
    filch_dead_letter_queue *letters;
    filch_metrics *metrics;
    filch_family *family;
    filch_pipeline *pipeline;
    filch_pool *pool;
    filch_resource_pool *resources;
} all;

static void ask_batcher(void *out, size_t size)
{
    filch_batcher_stats_read(all.batcher, out, size);
}

static void ask_cache(void *out, size_t size)
{
    filch_cache_stats_read(all.cache, out, size);
}

static void ask_family(void *out, size_t size)
{
    filch_family_stats_read(all.family, out, size);
}

static void ask_letters(void *out, size_t size)
{
    OK(filch_dead_letter_queue_stats_read(all.letters, out, size));
}

static void ask_pipeline(void *out, size_t size)
{
    OK(filch_pipeline_stats_read(all.pipeline, 0, out, size));
}

static void ask_pool(void *out, size_t size)
{
    filch_pool_stats_read(all.pool, out, size);
}

static void ask_resources(void *out, size_t size)
{
    filch_resource_pool_stats_read(all.resources, out, size);
}

static void ask_runtime(void *out, size_t size)
{
    filch_runtime_stats_read(all.rt, FILCH_ALL_WORKERS, out, size);
}

static void ask_worker(void *out, size_t size)
{
    OK(filch_runtime_stats_read(all.rt, 0, out, size));
}

static const struct query {
    const char *name;
    void (*ask)(void *out, size_t size);
    size_t known;
} queries[] = {
    {"batcher", ask_batcher, sizeof(filch_batcher_stats)},
    {"cache", ask_cache, sizeof(filch_cache_stats)},
    {"family", ask_family, sizeof(filch_family_stats)},
    {"letters", ask_letters, sizeof(filch_dead_letter_queue_stats)},
    {"pipeline", ask_pipeline, sizeof(filch_stage_stats)},
    {"pool", ask_pool, sizeof(filch_pool_stats)},
    {"resources", ask_resources, sizeof(filch_resource_pool_stats)},
    {"runtime", ask_runtime, sizeof(filch_runtime_stats)},
    {"worker", ask_worker, sizeof(filch_runtime_stats)},
};

static void flush(filch_self self, void *const *items, int *outcomes, size_t count, void *unused)
{
}

static int stage(filch_self self, filch_emitter *out, void *item, void *unused)
{
    return 0;
}

static int make(filch_self self, void **value, void *unused)
{
    return 0;
}

static void create_all(void)
{
    filch_runtime *rt;
    const filch_stage stages[] = {{.fn = stage}};
    OK(filch_runtime_create(&rt, &(filch_config){.workers = 1}));
    all.rt = rt;
    OK(filch_batcher_create(&all.batcher, rt, &(filch_batcher_config){.size = 1, .flush = flush}));
    OK(filch_cache_create(&all.cache, rt, &(filch_cache_config){.size = 8}));
    OK(filch_dead_letter_queue_create(&all.letters, NULL));
    OK(filch_metrics_create(&all.metrics));
    cr_assert_eq(filch_family_create(&all.family, all.metrics,
                                     &(filch_family_config){.name = "jobs_total",
                                                            .help = "Jobs.",
                                                            .labels = {"kind"},
                                                            .kind = FILCH_METRIC_COUNTER}),
                 0, "%s", filch_error());
    OK(filch_pipeline_create(&all.pipeline, rt,
                             &(filch_pipeline_config){.stages = stages, .count = 1}));
    OK(filch_pool_create(&all.pool, &(filch_pool_config){.runtime = rt, .width = 1}));
    OK(filch_resource_pool_create(&all.resources, rt,
                                  &(filch_resource_pool_config){.max = 1, .create = make}));
}

static void destroy_all(void)
{
    filch_resource_pool_close(all.resources);
    OK(filch_resource_pool_wait(all.resources, FILCH_FOREVER));
    filch_resource_pool_destroy(all.resources);
    OK(filch_pool_destroy(all.pool));
    filch_pipeline_close(all.pipeline);
    OK(filch_pipeline_wait(all.pipeline, FILCH_FOREVER));
    OK(filch_pipeline_destroy(all.pipeline));
    filch_family_destroy(all.family);
    filch_metrics_destroy(all.metrics);
    filch_dead_letter_queue_destroy(all.letters);
    OK(filch_cache_destroy(all.cache));
    filch_batcher_close(all.batcher);
    OK(filch_batcher_wait(all.batcher, FILCH_FOREVER));
    filch_batcher_destroy(all.batcher);
    OK(filch_runtime_destroy(all.rt));
}

static bool every_byte_is(const unsigned char *at, size_t size, unsigned char value)
{
    for (size_t i = 0; i < size; i++)
        if (at[i] != value)
            return false;
    return true;
}

static void check(const struct query *query, size_t size)
{
    static unsigned char out[LARGEST];
    size_t filled = size < query->known ? size : query->known;
    memset(out, UNTOUCHED, sizeof out);
    query->ask(out, size);
    cr_assert(every_byte_is(out + size, sizeof out - size, UNTOUCHED), "%s, %zu", query->name,
              size);
    cr_assert(every_byte_is(out + filled, size - filled, 0), "%s, %zu", query->name, size);
    cr_assert_not(filled && every_byte_is(out, filled, UNTOUCHED), "%s, %zu", query->name, size);
}

Test(answer, foreign_struct_size_fills_shared_fields)
{
    create_all();
    for (unsigned i = 0; i < sizeof queries / sizeof *queries; i++) {
        size_t known = queries[i].known;
        cr_assert_lt(known + MORE, LARGEST);
        check(&queries[i], 0);
        check(&queries[i], known - sizeof(uint64_t));
        check(&queries[i], known);
        check(&queries[i], known + MORE);
    }
    destroy_all();
}
