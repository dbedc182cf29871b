/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Reports say in which public call a task waits: batchers, resources, pipelines, metrics. */
#include <tests/support/engine.h>
#include <tests/support/test.h>

#include <filch/batcher.h>
#include <filch/gather.h>
#include <filch/metrics.h>
#include <filch/pipeline.h>
#include <filch/resources.h>
#include <pthread.h>

/* ---- Batchers: their flush lasts until it may go on; the functions it calls wait by polling
 * ---- */

static void hold_on(filch_self self)
{
    signpost_raise(&waiting_holds);
    while (!signpost_count(&waiting_go))
        filch_yield(self);
}

static void flush(filch_self self, void *const *items, int *outcomes, size_t count, void *arg)
{
    hold_on(self);
}

static filch_batcher *make_batcher(filch_self self, unsigned items)
{
    filch_batcher *batcher;
    const filch_batcher_config config = {.size = 1, .flush = flush};
    OK(filch_batcher_create(&batcher, waiting_rt, &config));
    for (unsigned i = 0; i < items; i++)
        OK(filch_batcher_add_then(batcher, &waiting_go, NULL, NULL, FILCH_FOREVER));
    while (items && !signpost_count(&waiting_holds))
        filch_yield(self);
    return batcher;
}

static void wait_for_outcome(filch_self self)
{
    int outcome;
    filch_batcher *batcher = make_batcher(self, 0);
    now_it_waits();
    OK(filch_batcher_add(batcher, &waiting_go, &outcome, FILCH_FOREVER));
    filch_batcher_destroy(batcher);
}

static void wait_for_room_in_batch(filch_self self)
{
    filch_batcher *batcher = make_batcher(self, 2);
    now_it_waits();
    OK(filch_batcher_add_then(batcher, &waiting_go, NULL, NULL, FILCH_FOREVER));
    filch_batcher_destroy(batcher);
}

static void close_batcher(filch_self self)
{
    filch_batcher *batcher = make_batcher(self, 1);
    now_it_waits();
    filch_batcher_close(batcher);
    OK(filch_batcher_wait(batcher, FILCH_FOREVER));
    filch_batcher_destroy(batcher);
}

static void destroy_batcher(filch_self self)
{
    filch_batcher *batcher = make_batcher(self, 1);
    now_it_waits();
    filch_batcher_destroy(batcher);
}

/* ---- Resources ---- */

static int make_resource(filch_self self, void **value, void *arg)
{
    *value = &waiting_go;
    return 0;
}

static void keep_resource(filch_self self, void *value, void *arg)
{
    hold_on(self);
}

static filch_resource *resource;

static filch_resource_pool *make_resources(void)
{
    filch_resource_pool *resources;
    const filch_resource_pool_config config = {.max = 1,
                                               .create = make_resource,
                                               .destroy = keep_resource};
    OK(filch_resource_pool_create(&resources, waiting_rt, &config));
    OK(filch_resource_pool_acquire(resources, &resource, FILCH_FOREVER));
    return resources;
}

static void release_resource(void)
{
    waiting_go_on();
    OK(filch_resource_give_back(resource, true));
}

static void wait_for_resource(filch_self self)
{
    filch_resource *one;
    filch_resource_pool *resources = make_resources();
    now_it_waits();
    OK(filch_resource_pool_acquire(resources, &one, FILCH_FOREVER));
    OK(filch_resource_give_back(one, true));
    OK(filch_resource_pool_destroy(resources));
}

static void close_resources(filch_self self)
{
    filch_resource_pool *resources = make_resources();
    now_it_waits();
    filch_resource_pool_close(resources);
    OK(filch_resource_pool_wait(resources, FILCH_FOREVER));
    OK(filch_resource_pool_destroy(resources));
}

static void destroy_resources(filch_self self)
{
    filch_resource_pool *resources = make_resources();
    OK(filch_resource_give_back(resource, true));
    now_it_waits();
    OK(filch_resource_pool_destroy(resources));
}

/* ---- Pipelines ---- */

static int pass(filch_self self, filch_emitter *out, void *item, void *arg)
{
    hold_on(self);
    filch_emitter_keep(out);
    return filch_emit(out, item);
}

static int emit_two(filch_self self, filch_emitter *out, void *item, void *arg)
{
    filch_emitter_keep(out);
    filch_emit(out, item);
    now_it_waits();
    return filch_emit(out, item);
}

static filch_pipeline *make_pipeline(filch_stage_fn *fn)
{
    filch_pipeline *pipeline;
    const filch_stage stage = {.fn = fn, .capacity = 1};
    const filch_pipeline_config config = {.stages = &stage, .count = 1};
    OK(filch_pipeline_create(&pipeline, waiting_rt, &config));
    return pipeline;
}

static void push(filch_self self)
{
    filch_pipeline *pipeline = make_pipeline(pass);
    while (!filch_pipeline_try_push(pipeline, &waiting_go))
        filch_yield(self);
    now_it_waits();
    OK(filch_pipeline_push(pipeline, &waiting_go, NULL, FILCH_FOREVER));
    OK(filch_pipeline_destroy(pipeline));
}

static void next(filch_self self)
{
    void *item;
    filch_pipeline *pipeline = make_pipeline(pass);
    OK(filch_pipeline_push(pipeline, &waiting_go, NULL, FILCH_FOREVER));
    now_it_waits();
    OK(filch_pipeline_next(pipeline, &item, FILCH_FOREVER));
    OK(filch_pipeline_destroy(pipeline));
}

static void finish(filch_self self)
{
    filch_pipeline *pipeline = make_pipeline(pass);
    OK(filch_pipeline_push(pipeline, &waiting_go, NULL, FILCH_FOREVER));
    now_it_waits();
    filch_pipeline_close(pipeline);
    OK(filch_pipeline_wait(pipeline, FILCH_FOREVER));
    OK(filch_pipeline_destroy(pipeline));
}

static void destroy_pipeline(filch_self self)
{
    filch_pipeline *pipeline = make_pipeline(pass);
    OK(filch_pipeline_push(pipeline, &waiting_go, NULL, FILCH_FOREVER));
    while (!signpost_count(&waiting_holds))
        filch_yield(self);
    now_it_waits();
    OK(filch_pipeline_destroy(pipeline));
}

static void emit(filch_self self)
{
    filch_pipeline *pipeline = make_pipeline(emit_two);
    OK(filch_pipeline_push(pipeline, &waiting_go, NULL, FILCH_FOREVER));
    while (!signpost_count(&waiting_go))
        filch_yield(self);
    OK(filch_pipeline_destroy(pipeline));
}

/* ---- Others ---- */

static int answer(filch_self self, filch_context *of, void *arg, void **value)
{
    *value = NULL;
    hold_on(self);
    return 0;
}

static void gather_all(filch_self self)
{
    const filch_ask asks[] = {{.fn = answer}, {.fn = answer}};
    const filch_gather_config config = {.asks = asks, .count = 2};
    filch_answer answers[2];
    now_it_waits();
    OK(filch_gather(waiting_rt, &config, answers, FILCH_FOREVER));
}

static filch_metrics *metrics;

static double read_slowly(void *unused)
{
    signpost_raise(&waiting_holds);
    signpost_wait(&waiting_go, 1);
    return 0;
}

static int ignore(const char *text, size_t size, void *arg)
{
    return 0;
}

static void *write_all(void *unused)
{
    OK(filch_metrics_write(metrics, ignore, NULL));
    return NULL;
}

static void remove_metric(filch_self self)
{
    const filch_metric slow = {.name = "slow",
                               .help = "A value.",
                               .kind = FILCH_METRIC_GAUGE,
                               .read = read_slowly,
                               .owner = &metrics};
    pthread_t reader;
    OK(filch_metrics_create(&metrics));
    OK(filch_metrics_add(metrics, &slow));
    cr_assert_eq(pthread_create(&reader, NULL, write_all, NULL), 0);
    signpost_wait(&waiting_holds, 1);
    now_it_waits();
    cr_assert_eq(filch_metrics_remove(metrics, &metrics), 1);
    pthread_join(reader, NULL);
    filch_metrics_destroy(metrics);
}

/* ---- All ---- */

static const waiting_call rows[] = {
    {"filch_batcher_add", wait_for_outcome, waiting_go_on, 0},
    {"filch_batcher_add_then", wait_for_room_in_batch, waiting_go_on, 0},
    {"filch_batcher_wait", close_batcher, waiting_go_on, 0},
    {"filch_batcher_destroy", destroy_batcher, waiting_go_on, 0},
    {"filch_resource_pool_acquire", wait_for_resource, release_resource, 0},
    {"filch_resource_pool_wait", close_resources, release_resource, 0},
    {"filch_resource_pool_destroy", destroy_resources, waiting_go_on, 0},
    {"filch_pipeline_push", push, waiting_go_on, 0},
    {"filch_pipeline_next", next, waiting_go_on, 0},
    {"filch_pipeline_wait", finish, waiting_go_on, 0},
    {"filch_pipeline_destroy", destroy_pipeline, waiting_go_on, 0},
    {"filch_emit", emit, waiting_go_on, 0},
    {"filch_gather", gather_all, waiting_go_on, 0},
    {"filch_metrics_remove", remove_metric, waiting_go_on, 0},
};

Test(waiting_patterns, each_is_named_while_it_waits)
{
    expect_names(rows, sizeof rows / sizeof *rows);
}
