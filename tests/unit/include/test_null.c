/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The rules of <filch/base.h> for NULL and for destroyed objects: each object of each public function. */
#include <filch/trace.h>
#include <tests/support/build.h>
#include <tests/support/live.h>
#include <tests/support/null/calls.h>

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
    {"letters", "", gone_dead_letters},
    {"distribution", "", gone_distribution},
    {"family", "", gone_family},
    {"limiter", "", gone_limiter},
    {"limiters", "", gone_limiters},
    {"sink", "", gone_log_sink},
    {"metrics", "", gone_metrics},
    {"parent", "filch_context_create", gone_context},
    {"pipeline", "", gone_pipeline},
    {"pool", "filch_resources", gone_resources},
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
