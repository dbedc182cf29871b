/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A metric that cannot be shown is refused, with a sentence. */
#include <filch/metrics.h>
#include <math.h>
#include <runtime/metrics/metrics.h>
#include <tests/support/test.h>

static filch_metrics *metrics;
static filch_gauge gauge;
static filch_distribution *distribution;

static void create(void)
{
    cr_assert_eq(filch_metrics_create(&metrics), 0, "%s", filch_error());
    cr_assert_eq(filch_distribution_create(&distribution), 0, "%s", filch_error());
}

static void destroy(void)
{
    filch_metrics_destroy(metrics);
    filch_distribution_destroy(distribution);
}

TestSuite(metric_check, .init = create, .fini = destroy);

static void add(const filch_metric *metric)
{
    cr_assert_eq(filch_metrics_add(metrics, metric), 0, "%s", filch_error());
}

static double nothing(void *unused)
{
    return 0;
}

#define NAMED(name_)                                                                               \
    {                                                                                              \
        .name = (name_), .help = "A.", .kind = FILCH_METRIC_GAUGE, .gauge = &gauge                 \
    }
#define GAUGE(...)                                                                                 \
    {                                                                                              \
        .name = "a", .help = "A.", .kind = FILCH_METRIC_GAUGE, __VA_ARGS__                         \
    }
#define LABELLED(...) GAUGE(.gauge = &gauge, .labels = {__VA_ARGS__})

/* Each is wrong in one way. */
static const filch_metric wrong[] = {
    NAMED(NULL),
    NAMED(""),
    NAMED("1a"),
    NAMED("a-b"),
    NAMED("a b"),
    NAMED("a:b"),
    NAMED("\xc3\xa4"),
    NAMED("a_total"),
    NAMED("a_sum"),
    NAMED("a_count"),
    NAMED("a_bucket"),
    {.name = "a", .help = "A.", .kind = FILCH_METRIC_COUNTER, .read = nothing},
    {.name = "a", .help = NULL, .kind = FILCH_METRIC_GAUGE, .gauge = &gauge},
    {.name = "a", .help = "", .kind = FILCH_METRIC_GAUGE, .gauge = &gauge},
    {.name = "a", .help = "\xff", .kind = FILCH_METRIC_GAUGE, .gauge = &gauge},
    {.name = "a", .help = "A.", .kind = FILCH_METRIC_KINDS, .gauge = &gauge},
    {.name = "a", .help = "A.", .kind = (filch_metric_kind)-1, .gauge = &gauge},
    {.name = "a_total", .help = "A.", .kind = FILCH_METRIC_COUNTER, .gauge = &gauge},
    {.name = "a", .help = "A.", .kind = FILCH_METRIC_SUMMARY, .gauge = &gauge},
    {.name = "a", .help = "A.", .kind = FILCH_METRIC_HISTOGRAM, .read = nothing},
    GAUGE(.unit = 0),
    GAUGE(.gauge = &gauge, .read = nothing),
    GAUGE(.gauge = &gauge, .unit = -1),
    GAUGE(.gauge = &gauge, .unit = NAN),
    GAUGE(.gauge = &gauge, .unit = INFINITY),
    GAUGE(.read = nothing, .unit = 2),
    GAUGE(.gauge = &gauge, .marks = {2, 1}),
    GAUGE(.gauge = &gauge, .marks = {1, 1}),
    GAUGE(.gauge = &gauge, .marks = {-1}),
    GAUGE(.gauge = &gauge, .marks = {NAN}),
    GAUGE(.gauge = &gauge, .marks = {INFINITY}),
    LABELLED({"", "x"}),
    LABELLED({"a b", "x"}),
    LABELLED({"a:b", "x"}),
    LABELLED({"1", "x"}),
    LABELLED({"__a", "x"}),
    LABELLED({"le", "x"}),
    LABELLED({"quantile", "x"}),
    LABELLED({"a", NULL}),
    LABELLED({"a", ""}),
    LABELLED({"a", "\xed\xa0\x80"}),
    LABELLED({"a", "x"}, {"b", "x"}, {"a", "y"}),
};

Test(metric_check, unshowable_metric_is_refused_with_sentence)
{
    for (unsigned i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        cr_assert_eq(filch_metrics_add(metrics, &wrong[i]), -EINVAL, "metric %u", i);
        cr_assert_not_null(strchr(filch_error(), ';'), "metric %u: %s", i, filch_error());
    }
    filch_metric beyond = {.name = "a",
                           .help = "A.",
                           .kind = FILCH_METRIC_SUMMARY,
                           .distribution = distribution,
                           .marks = {0.5, 1.5}};
    cr_assert_eq(filch_metrics_add(metrics, &beyond), -EINVAL, "a quantile above 1");
    cr_assert_null(metrics->first);
}

Test(metric_check, twins_are_refused)
{
    const filch_label labels[] = {{"a", "1"}, {"b", "2"}};
    filch_metric one = {.name = "a",
                        .help = "A.",
                        .kind = FILCH_METRIC_GAUGE,
                        .labels = {{"a", "1"}},
                        .gauge = &gauge},
                 other;
    one.labels[1] = labels[1];
    add(&one);
    other = one;
    other.labels[0] = labels[1];
    other.labels[1] = labels[0];
    cr_assert_eq(filch_metrics_add(metrics, &other), -EEXIST, "in another order");
    other.labels[1].value = "3";
    add(&other);
    other = (filch_metric){.name = "b", .help = "B.", .kind = FILCH_METRIC_GAUGE, .gauge = &gauge};
    add(&other);
    other = (filch_metric){.name = "b",
                           .help = "B.",
                           .kind = FILCH_METRIC_SUMMARY,
                           .distribution = distribution,
                           .labels = {{"a", "1"}}};
    cr_assert_eq(filch_metrics_add(metrics, &other), -EINVAL, "of another kind");
    cr_assert_eq(filch_metrics_remove(metrics, &gauge), 3);
    add(&other);
}
