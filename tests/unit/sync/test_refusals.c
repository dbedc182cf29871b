/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The sentences of refusals: a closed object and the call that closed it, or a call that would have
 * to wait although its time is 0. */
#include <filch/batcher.h>
#include <filch/pipeline.h>
#include <filch/resources.h>
#include <filch/results.h>
#include <tests/support/test.h>

static struct {
    filch_channel *channel;
    filch_results *results;
    filch_pool *pool;
    filch_resource_pool *resources;
    filch_batcher *batcher;
    filch_pipeline *pipeline;
} at;

static int sends(void)
{
    return filch_channel_try_send(at.channel, &(int){0});
}

static int receives(void)
{
    return filch_channel_receive(at.channel, &(int){0});
}

static int receives_until_0(void)
{
    return filch_channel_receive_until(at.channel, &(int){0}, 0);
}

static int takes(void)
{
    filch_job *job;
    return filch_results_take(at.results, &job, FILCH_FOREVER);
}

static int takes_until_0(void)
{
    filch_job *job;
    return filch_results_take(at.results, &job, 0);
}

static int nothing(filch_self self, filch_job *job, void *data)
{
    return 0;
}

static int submits(void)
{
    return FILCH_SUBMIT(at.pool, nothing, NULL);
}

static int acquires(void)
{
    filch_resource *one;
    return filch_resource_pool_acquire(at.resources, &one, FILCH_FOREVER);
}

static int adds(void)
{
    return filch_batcher_add_then(at.batcher, &at, NULL, NULL, FILCH_FOREVER);
}

static int pushes(void)
{
    return filch_pipeline_push(at.pipeline, &at, NULL, FILCH_FOREVER);
}

static int takes_result(void)
{
    void *item;
    return filch_pipeline_next(at.pipeline, &item, FILCH_FOREVER);
}

typedef struct refusal {
    int (*call)(void);
    int code;
    const char *says;
} refusal;

static const refusal late[] = {
    {receives_until_0, -ETIMEDOUT, "filch_channel_receive would have to wait"},
    {takes_until_0, -ETIMEDOUT, "filch_results_take would have to wait"},
};

static const refusal closed[] = {
    {sends, -EPIPE, "filch_channel_close has closed this channel; send nothing"},
    {receives, -EPIPE, "filch_channel_close has closed this channel, and all"},
    {takes, -EPIPE, "filch_results_close has closed this results list"},
    {submits, -EPIPE, "filch_pool_close or a shutdown has closed this pool"},
    {acquires, -EPIPE, "filch_resource_pool_close has closed this pool of resources"},
    {adds, -EPIPE, "filch_batcher_close has closed this batcher"},
    {pushes, -EPIPE, "filch_pipeline_close has closed this pipeline"},
    {takes_result, -EPIPE, "this pipeline is closed, and all its results"},
};

static void expect(const refusal *all, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        cr_assert_eq(all[i].call(), all[i].code, "%zu", i);
        cr_assert(strstr(filch_error(), all[i].says), "%s: %s", all[i].says, filch_error());
    }
}

static int makes(filch_self self, void **value, void *arg)
{
    *value = &at;
    return 0;
}

static void flushes(filch_self self, void *const *items, int *outcomes, size_t count, void *arg)
{
}

static int passes(filch_self self, filch_emitter *out, void *item, void *arg)
{
    return filch_emit(out, item);
}

Test(refusals, refusals_name_object_and_call, .timeout = 60)
{
    static const filch_stage stage = {.fn = passes};
    filch_runtime *rt;
    cr_assert(!filch_runtime_create(&rt, &(filch_config){.workers = 2}));
    cr_assert(!filch_channel_create(&at.channel, sizeof(int), 0));
    cr_assert(!filch_results_create(&at.results));
    cr_assert(!filch_pool_create(&at.pool, &(filch_pool_config){.runtime = rt}));
    cr_assert(
        !filch_resource_pool_create(&at.resources, rt,
                                    &(filch_resource_pool_config){.max = 1, .create = makes}));
    cr_assert(!filch_batcher_create(&at.batcher, rt,
                                    &(filch_batcher_config){.size = 2, .flush = flushes}));
    cr_assert(!filch_pipeline_create(&at.pipeline, rt,
                                     &(filch_pipeline_config){.stages = &stage, .count = 1}));
    expect(late, sizeof late / sizeof *late);
    OK(filch_channel_close(at.channel));
    filch_pipeline_close(at.pipeline);
    filch_results_close(at.results);
    filch_pool_close(at.pool);
    filch_resource_pool_close(at.resources);
    filch_batcher_close(at.batcher);
    expect(closed, sizeof closed / sizeof *closed);
    filch_channel_destroy(at.channel);
    cr_assert(!filch_pool_destroy(at.pool) && !filch_results_destroy(at.results));
    cr_assert(!filch_resource_pool_destroy(at.resources));
    filch_batcher_destroy(at.batcher);
    cr_assert(!filch_pipeline_destroy(at.pipeline) && !filch_runtime_destroy(rt));
}
