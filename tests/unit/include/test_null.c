/* SPDX-License-Identifier: MIT OR Apache-2.0
 * test: long in asan; timeout 300 (a process for each function of each header: 40 s of CPU time with thread sanitizer)
 *
 * The rules of <filch/base.h> for NULL and for destroyed objects: each object of each public function. */
#include <filch/filch.h>
#include <filch/pools.h>
#include <filch/trace.h>
#include <tests/support/null/calls.h>
#include <tests/support/system.h>
#include <tests/support/test.h>

/* ---- An object of each kind: `live_X` has been created, `gone_X` destroyed, too ---- */

static void live_flush(filch_self self, void *const *items, int *outcomes, size_t count, void *arg)
{
}

static int live_stage(filch_self self, filch_emitter *out, void *item, void *arg)
{
    return 0;
}

static int live_resource(filch_self self, void **out, void *arg)
{
    *out = arg;
    return 0;
}

static int live_ask(filch_self self, filch_context *context, void *arg, void **answer)
{
    *answer = arg;
    return 0;
}

static bool live_make(void *context, void *sum)
{
    return true;
}

static int live_chunk(filch_self self, size_t begin, size_t end, void *context, void *sum)
{
    return 0;
}

static void live_join(void *context, void *left, void *right)
{
}

static void live_make_sum(void *context, void *sum)
{
}

static void live_sum(const void *in, size_t n, void *context, void *sum)
{
}

static void live_scan(const void *in, size_t n, void *out, void *context, void *sum)
{
}

static const filch_stage live_stages[] = {{.fn = live_stage}};
static const filch_pipeline_config live_pipeline_config = {.stages = live_stages, .count = 1};
static const filch_batcher_config live_batcher_config = {.size = 2, .flush = live_flush};
static const filch_resource_pool_config live_resources_config = {.max = 1, .create = live_resource};
static const filch_ask live_asks[] = {{.fn = live_ask}};
static const filch_gather_config live_gather_config = {.asks = live_asks, .count = 1};
static const filch_reduction live_reduction = {sizeof(int), live_make, live_chunk, live_join, NULL};
static const filch_scanning live_scanning = {sizeof(int), live_make_sum, live_sum, live_scan};

/* Name, how it ends, a comma and the arguments of its creation after the first. */
#define LIVE_UNTIL(name, end, ...)                                                                 \
    static filch_##name *live_##name(void)                                                         \
    {                                                                                              \
        filch_##name *object = NULL;                                                               \
        CHILD_CHECK(!filch_##name##_create(&object __VA_ARGS__));                                  \
        return object;                                                                             \
    }                                                                                              \
    static void end_##name(filch_##name *object)                                                   \
    {                                                                                              \
        end;                                                                                       \
    }                                                                                              \
    static void *gone_##name(void)                                                                 \
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
LIVE(dead_letter_queue, , NULL)
LIVE(distribution, )
LIVE(limiter, , (filch_limit){.rate = 1, .burst = 1})
LIVE(keyed_limiter, , (filch_limit){.rate = 1, .burst = 1}, 4, 8)
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
LIVE(resource_pool, , live_runtime(), &live_resources_config)
// clang-format on

/* Made once: then it is older than a destroyed one whose memory it could take. */
static filch_snapshot *ready_snapshot(void)
{
    static filch_snapshot *ready;
    if (!ready)
        ready = live_snapshot();
    return ready;
}

static void *gone_span(void)
{
    filch_span *span = NULL;
    CHILD_CHECK(!filch_span_begin(&span, NULL, "live", NULL));
    filch_span_release(span);
    return span;
}

static char bytes[4096] FILCH_ALIGNED(16);
static void *const room = bytes; /* for arguments that are given */

#include <tests/support/null/begin_calls.h>

#include <tests/support/null/metrics.h>
#include <tests/support/null/pools.h>
#include <tests/support/null/tasks.h>

#include <tests/support/null/begin_rows.h>

static const struct null_row rows[] = {
#include <tests/support/null/metrics.h>
#include <tests/support/null/pools.h>
#include <tests/support/null/tasks.h>
};

Test(null, each_call_keeps_the_rule)
{
    NULL_EXPECT_ALL(rows);
}

/* ---- Destroyed ---- */

static const struct gone {
    const char *argument, *function; /* function: the beginning of its name, or "" */
    void *(*make)(void);
} gone[] = {
    {"adaptive", "", gone_adaptive},
    {"rate", "", gone_adaptive_rate},
    {"batcher", "", gone_batcher},
    {"breaker", "", gone_breaker},
    {"cache", "", gone_cache},
    {"channel", "", gone_channel},
    {"context", "filch_context", gone_context},
    {"counter", "", gone_counter},
    {"letters", "", gone_dead_letter_queue},
    {"distribution", "", gone_distribution},
    {"family", "", gone_family},
    {"limiter", "", gone_limiter},
    {"limiters", "", gone_keyed_limiter},
    {"sink", "", gone_log_sink},
    {"metrics", "", gone_metrics},
    {"parent", "filch_context_create", gone_context},
    {"pipeline", "", gone_pipeline},
    {"pool", "filch_resource_pool", gone_resource_pool},
    {"pool", "filch_pool", gone_pool},
    {"pool", "filch_metrics", gone_pool},
    {"results", "", gone_results},
    {"rt", "", gone_runtime},
    {"snapshot", "", gone_snapshot},
    {"other", "", gone_snapshot},
    {"earlier", "", gone_snapshot},
    {"span", "filch_span", gone_span},
    {"ticker", "", gone_ticker},
};

static const struct gone *gone_for;

static void use_gone(void)
{
    ready_snapshot();
    it = gone_for->make();
    null_row->call();
}

static const struct gone *gone_of(const struct null_row *row)
{
    for (const struct gone *one = gone; one < gone + sizeof gone / sizeof *gone; one++)
        if (!strcmp(row->argument, one->argument) &&
            !strncmp(row->function, one->function, strlen(one->function)))
            return one;
    return NULL;
}

static bool dies_of_gone(const struct null_row *row)
{
    struct child child;
    null_row = row;
    child_run(&child, use_gone);
    bool died = child_died(&child, "was destroyed") ||
                (BUILD_ASAN && strstr(child.text, "heap-use-after-free"));
    if (!died)
        fprintf(stderr, "%s with a destroyed %s: status 0x%x: %s\n", row->function, row->argument,
                child.status, child.text);
    return died;
}

Test(null, each_call_detects_a_destroyed_object, .timeout = 280)
{
    unsigned used = 0, missed = 0;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        gone_for = gone_of(&rows[i]);
        used += gone_for != NULL;
        missed += gone_for && !dies_of_gone(&rows[i]);
    }
    cr_assert_gt(used, 100);
    cr_assert_eq(missed, 0, "%u of %u calls use a destroyed object", missed, used);
}
