/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A wait for the end of an open object lasts until another party closes the object. */
#include <pthread.h>
#include <tests/support/test.h>

static filch_runtime *rt;

static int make(filch_self self, void **value, void *arg)
{
    *value = rt;
    return 0;
}

static void flush(filch_self self, void *const *items, int *outcomes, size_t count, void *arg)
{
}

static int pass(filch_self self, filch_emitter *out, void *item, void *arg)
{
    return filch_emit(out, item);
}

/* A wait by a thread. */
#define WAITS(kind)                                                                                \
    static void *kind##_waits(void *it)                                                            \
    {                                                                                              \
        return (void *)(intptr_t)filch_##kind##_wait(it, FILCH_FOREVER);                           \
    }

/* A wait until a time ends before the object is closed; one without end returns after that. */
#define LASTS(kind, object)                                                                        \
    do {                                                                                           \
        pthread_t waiter;                                                                          \
        void *result = (void *)1;                                                                  \
        cr_assert_eq(filch_##kind##_wait(object, filch_in(FILCH_MILLISECOND)), -ETIMEDOUT);        \
        cr_assert_eq(pthread_create(&waiter, NULL, kind##_waits, object), 0);                      \
        filch_sleep(5 * FILCH_MILLISECOND);                                                        \
        cr_assert_eq(pthread_tryjoin_np(waiter, NULL), EBUSY);                                     \
        filch_##kind##_close(object);                                                              \
        pthread_join(waiter, &result);                                                             \
        cr_assert_null(result);                                                                    \
        OK(filch_##kind##_wait(object, 0));                                                        \
    } while (0)

WAITS(batcher)
WAITS(pipeline)
WAITS(resource_pool)

Test(wait_for_close, batcher)
{
    filch_batcher *batcher;
    OK(filch_runtime_create(&rt, &(filch_config){.workers = 2}));
    OK(filch_batcher_create(&batcher, rt, &(filch_batcher_config){.size = 2, .flush = flush}));
    LASTS(batcher, batcher);
    filch_batcher_destroy(batcher);
    OK(filch_runtime_destroy(rt));
}

Test(wait_for_close, pipeline)
{
    filch_pipeline *pipeline;
    OK(filch_runtime_create(&rt, &(filch_config){.workers = 2}));
    OK(filch_pipeline_create(&pipeline, rt,
                             &(filch_pipeline_config){.stages = &(filch_stage){.fn = pass},
                                                      .count = 1}));
    LASTS(pipeline, pipeline);
    OK(filch_pipeline_destroy(pipeline));
    OK(filch_runtime_destroy(rt));
}

Test(wait_for_close, resource_pool)
{
    filch_resource_pool *pool;
    OK(filch_runtime_create(&rt, &(filch_config){.workers = 2}));
    OK(filch_resource_pool_create(&pool, rt,
                                  &(filch_resource_pool_config){.max = 1, .create = make}));
    LASTS(resource_pool, pool);
    OK(filch_resource_pool_destroy(pool));
    OK(filch_runtime_destroy(rt));
}
