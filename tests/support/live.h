/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * An object of each kind, for tests that end its process after one call. `live_X` has been created, `gone_X` destroyed,
 * too. */
#ifndef SUPPORT_LIVE_H
#define SUPPORT_LIVE_H

#include <filch/filch.h>
#include <tests/support/child.h>

static inline void live_flush(filch_self self, void *const *items, int *outcomes, size_t count,
                              void *arg)
{
}

static inline int live_stage(filch_self self, filch_emitter *out, void *item, void *arg)
{
    return 0;
}

static inline int live_resource(filch_self self, void **out, void *arg)
{
    *out = arg;
    return 0;
}

static inline int live_ask(filch_self self, filch_context *context, void *arg, void **answer)
{
    *answer = arg;
    return 0;
}

static inline bool live_make(void *context, void *sum)
{
    return true;
}

static inline int live_chunk(filch_self self, size_t begin, size_t end, void *context, void *sum)
{
    return 0;
}

static inline void live_join(void *context, void *left, void *right)
{
}

static inline void live_make_sum(void *context, void *sum)
{
}

static inline void live_sum(const void *in, size_t n, void *context, void *sum)
{
}

static inline void live_scan(const void *in, size_t n, void *out, void *context, void *sum)
{
}

static const filch_stage live_stages[] = {{.fn = live_stage}};
static const filch_pipeline_config live_pipeline_config = {.stages = live_stages, .count = 1};
static const filch_batcher_config live_batcher_config = {.size = 2, .flush = live_flush};
static const filch_resources_config live_resources_config = {.max = 1, .create = live_resource};
static const filch_ask live_asks[] = {{.fn = live_ask}};
static const filch_gather_config live_gather_config = {.asks = live_asks, .count = 1};
static const filch_reduction live_reduction = {sizeof(int), live_make, live_chunk, live_join, NULL};
static const filch_scanning live_scanning = {sizeof(int), live_make_sum, live_sum, live_scan};

/* Name, how it ends, a comma and the arguments of its creation after the first. */
#define LIVE_UNTIL(name, end, ...)                                                                 \
    static inline filch_##name *live_##name(void)                                                  \
    {                                                                                              \
        filch_##name *object = NULL;                                                               \
        CHILD_CHECK(!filch_##name##_create(&object __VA_ARGS__));                                  \
        return object;                                                                             \
    }                                                                                              \
    static inline void end_##name(filch_##name *object)                                            \
    {                                                                                              \
        end;                                                                                       \
    }                                                                                              \
    static inline void *gone_##name(void)                                                          \
    {                                                                                              \
        filch_##name *object = live_##name(), *last = live_##name();                               \
        end_##name(object);                                                                        \
        end_##name(last); /* whose memory the next one takes */                                    \
        return object;                                                                             \
    }
#define LIVE(name, ...) LIVE_UNTIL(name, filch_##name##_destroy(object), __VA_ARGS__)

// clang-format off
LIVE(adaptive, , NULL)
LIVE(breaker, , NULL)
LIVE(channel, , sizeof(int), 2)
LIVE_UNTIL(context, filch_context_release(object), , NULL)
LIVE(counter, )
LIVE(dead_letters, , NULL)
LIVE(distribution, )
LIVE(limiter, , (filch_limit){.rate = 1, .burst = 1})
LIVE(limiters, , (filch_limit){.rate = 1, .burst = 1}, 4, 8)
LIVE_UNTIL(log_sink, filch_log_sink_destroy(object, FILCH_FOREVER), , STDERR_FILENO, &(filch_log_sink_config){.size = 8 << 10})
LIVE(metrics, )
LIVE(pool, , &(filch_pool_config){.workers = 1, .width = 1})
LIVE(results, )
LIVE(runtime, , &(filch_config){.workers = 1})
LIVE(snapshot, )
LIVE(ticker, , FILCH_SECOND)
LIVE(adaptive_rate, , live_limiter(), NULL)
LIVE(batcher, , live_runtime(), &live_batcher_config)
LIVE(cache, , live_runtime(), &(filch_cache_config){.size = 8})
LIVE(family, , live_metrics(), &(filch_family_config){.name = "lives_total", .help = "Lives.", .labels = {"kind"}})
LIVE(pipeline, , live_runtime(), &live_pipeline_config)
LIVE(resources, , live_runtime(), &live_resources_config)
// clang-format on

/* Made once: then it is older than a destroyed one whose memory it could take. */
static inline filch_snapshot *ready_snapshot(void)
{
    static filch_snapshot *ready;
    if (!ready)
        ready = live_snapshot();
    return ready;
}

static inline void *gone_span(void)
{
    filch_span *span = NULL;
    CHILD_CHECK(!filch_span_begin(&span, NULL, "live", NULL));
    filch_span_release(span);
    return span;
}

#endif
