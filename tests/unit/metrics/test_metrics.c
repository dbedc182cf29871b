/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The metrics that are shown, their names and their form. */
#include <filch/metrics.h>
#include <math.h>
#include <tests/support/reading.h>
#include <tests/support/test.h>

static filch_metrics *metrics;
static filch_counter *counter;
static filch_gauge gauge;
static filch_distribution *distribution;
static exposition all;

static void create(void)
{
    cr_assert_eq(filch_metrics_create(&metrics), 0, "%s", filch_error());
    cr_assert_eq(filch_counter_create(&counter), 0, "%s", filch_error());
    cr_assert_eq(filch_distribution_create(&distribution), 0, "%s", filch_error());
}

static void destroy(void)
{
    filch_metrics_destroy(metrics);
    filch_counter_destroy(counter);
    filch_distribution_destroy(distribution);
}

TestSuite(metrics, .init = create, .fini = destroy);

static double read_arg(void *arg)
{
    return *(double *)arg;
}

static void add(const filch_metric *metric)
{
    cr_assert_eq(filch_metrics_add(metrics, metric), 0, "%s", filch_error());
}

/* A counter called NAME, with one label, or none. */
static filch_metric counter_of(const char *name, const char *label, const char *value)
{
    return (filch_metric){.name = name,
                          .help = "Counted events.",
                          .kind = FILCH_METRIC_COUNTER,
                          .labels = {{label, value}},
                          .counter = counter};
}

/* ---- What is written ---- */

Test(metrics, empty_registry_writes_nothing)
{
    cr_assert_str_eq(exposition_written(metrics, &all), "");
}

Test(metrics, each_kind_has_its_form)
{
    static double ratio = 0.25;
    filch_counter_add(counter, UINT64_C(9007199254740993));
    filch_gauge_set(&gauge, -3);
    for (int64_t ms = 1; ms <= 100; ms++)
        filch_distribution_record(distribution, ms * 1000000);
    add(&(filch_metric){
        .name = "a_total", .help = "A.", .kind = FILCH_METRIC_COUNTER, .counter = counter});
    add(&(filch_metric){.name = "b", .help = "B.", .kind = FILCH_METRIC_GAUGE, .gauge = &gauge});
    add(&(filch_metric){
        .name = "c", .help = "C.", .kind = FILCH_METRIC_GAUGE, .read = read_arg, .arg = &ratio});
    add(&(filch_metric){.name = "d_seconds",
                        .help = "D.",
                        .kind = FILCH_METRIC_SUMMARY,
                        .distribution = distribution,
                        .unit = 1e9,
                        .marks = {0.5, 1}});
    add(&(filch_metric){.name = "e_seconds",
                        .help = "E.",
                        .kind = FILCH_METRIC_HISTOGRAM,
                        .distribution = distribution,
                        .unit = 1e9,
                        .marks = {0.001, 0.05, 2}});
    cr_assert_str_eq(exposition_written(metrics, &all),
                     "# HELP a_total A.\n# TYPE a_total counter\na_total 9007199254740993\n"
                     "# HELP b B.\n# TYPE b gauge\nb -3\n"
                     "# HELP c C.\n# TYPE c gauge\nc 0.25\n"
                     "# HELP d_seconds D.\n# TYPE d_seconds summary\n"
                     "d_seconds{quantile=\"0.5\"} 0.050069503\n"
                     "d_seconds{quantile=\"1\"} 0.1\n"
                     "d_seconds_sum 5.05\nd_seconds_count 100\n"
                     "# HELP e_seconds E.\n# TYPE e_seconds histogram\n"
                     "e_seconds_bucket{le=\"0.001\"} 1\n"
                     "e_seconds_bucket{le=\"0.05\"} 50\n"
                     "e_seconds_bucket{le=\"2\"} 100\n"
                     "e_seconds_bucket{le=\"+Inf\"} 100\n"
                     "e_seconds_sum 5.05\ne_seconds_count 100\n");
}

Test(metrics, non_finite_values_have_names)
{
    static double values[] = {INFINITY, -INFINITY, NAN, -0.0, 1e300, 0.1};
    static const char *const names[] = {"a", "b", "c", "d", "e", "f"};
    for (unsigned i = 0; i < 6; i++)
        add(&(filch_metric){.name = names[i],
                            .help = "A value.",
                            .kind = FILCH_METRIC_GAUGE,
                            .read = read_arg,
                            .arg = &values[i]});
    cr_assert_eq(strncmp(exposition_find(exposition_written(metrics, &all), "a"), "+Inf\n", 5), 0);
    cr_assert_eq(strncmp(exposition_find(all.text, "b"), "-Inf\n", 5), 0);
    cr_assert_eq(strncmp(exposition_find(all.text, "c"), "NaN\n", 4), 0);
    cr_assert_eq(strncmp(exposition_find(all.text, "d"), "-0\n", 3), 0);
    cr_assert_eq(strncmp(exposition_find(all.text, "e"), "1e+300\n", 7), 0);
    cr_assert_eq(strncmp(exposition_find(all.text, "f"), "0.1\n", 4), 0);
}

Test(metrics, marks_have_defaults_and_a_unit)
{
    add(&(filch_metric){
        .name = "a", .help = "A.", .kind = FILCH_METRIC_SUMMARY, .distribution = distribution});
    add(&(filch_metric){.name = "b",
                        .help = "B.",
                        .kind = FILCH_METRIC_HISTOGRAM,
                        .distribution = distribution,
                        .unit = 1e9});
    add(&(filch_metric){.name = "c_total",
                        .help = "C.",
                        .kind = FILCH_METRIC_COUNTER,
                        .counter = counter,
                        .unit = 1e3});
    filch_counter_add(counter, 1500);
    exposition_written(metrics, &all);
    cr_assert_eq(strncmp(exposition_find(all.text, "a{quantile=\"0.999\"}"), "NaN", 3), 0);
    cr_assert_eq(exposition_value(all.text, "b_bucket{le=\"1e-05\"}"), 0);
    cr_assert_eq(exposition_value(all.text, "c_total"), 1.5);
    filch_distribution_record(distribution, 10000);
    filch_distribution_record(distribution, 25 * INT64_C(1000000000));
    cr_assert_eq(exposition_value(exposition_written(metrics, &all), "a{quantile=\"1\"}"), 25e9);
    cr_assert_eq(exposition_value(all.text, "b_bucket{le=\"1e-05\"}"), 1, "a bound is inclusive");
    cr_assert_eq(exposition_value(all.text, "b_bucket{le=\"10\"}"), 1);
    cr_assert_eq(exposition_value(all.text, "b_bucket{le=\"+Inf\"}"), 2);
}

Test(metrics, labels_are_escaped_and_sorted)
{
    add(&(filch_metric){.name = "a_total",
                        .help = "Back\\slash, \"quotes\",\nline.",
                        .labels = {{"z", "back\\slash"},
                                   {"b", "\"quoted\""},
                                   {"m", "two\nlines"},
                                   {"a", "\xc3\xa4"}},
                        .kind = FILCH_METRIC_COUNTER,
                        .counter = counter});
    cr_assert_str_eq(
        exposition_written(metrics, &all),
        "# HELP a_total Back\\\\slash, \"quotes\",\\nline.\n# TYPE a_total counter\n"
        "a_total{a=\"\xc3\xa4\",b=\"\\\"quoted\\\"\",m=\"two\\nlines\",z=\"back\\\\slash\"} 0\n");
}

Test(metrics, family_stays_with_its_first_metric)
{
    const filch_metric some[] = {counter_of("b_total", "x", "1"), counter_of("a_total", NULL, NULL),
                                 counter_of("b_total", "x", "2"), counter_of("c_total", NULL, NULL),
                                 counter_of("b_total", NULL, NULL)};
    for (unsigned i = 0; i < 5; i++)
        add(&some[i]);
    cr_assert_str_eq(exposition_written(metrics, &all),
                     "# HELP b_total Counted events.\n# TYPE b_total counter\n"
                     "b_total{x=\"1\"} 0\nb_total{x=\"2\"} 0\nb_total 0\n"
                     "# HELP a_total Counted events.\n# TYPE a_total counter\na_total 0\n"
                     "# HELP c_total Counted events.\n# TYPE c_total counter\nc_total 0\n");
}

Test(metrics, a_long_text_comes_in_pieces)
{
    enum { MANY = 500 };
    char value[32];
    for (unsigned i = 0; i < MANY; i++) {
        snprintf(value, sizeof value, "%u", i);
        filch_metric one = counter_of("many_total", "i", value);
        add(&one);
    }
    exposition_written(metrics, &all);
    cr_assert_eq(exposition_value(all.text, "many_total{i=\"499\"}"), 0);
    cr_assert_gt(all.length, MANY * strlen("many_total{i=\"0\"} 0\n"));
}

/* ---- Errors of writing ---- */

typedef struct fickle {
    unsigned left;
} fickle;

static int refuse_later(const char *text, size_t size, void *arg)
{
    fickle *of = arg;
    return of->left-- ? 0 : -ENOSPC;
}

Test(metrics, writer_error_ends_writing)
{
    char value[32];
    for (unsigned i = 0; i < 200; i++) {
        snprintf(value, sizeof value, "%u", i);
        filch_metric one = counter_of("many_total", "i", value);
        add(&one);
    }
    unsigned pieces = 0;
    for (int rc = -ENOSPC; rc; pieces++) {
        fickle of = {pieces};
        rc = filch_metrics_write(metrics, refuse_later, &of);
        cr_assert(rc == 0 || rc == -ENOSPC);
        cr_assert(rc == 0 || of.left == UINT32_MAX, "called once more");
    }
    cr_assert_gt(pieces, 4);
    cr_assert_eq(filch_metrics_remove(metrics, counter), 200, "nobody stands there any more");
    cr_assert_str_eq(exposition_written(metrics, &all), "");
}

Test(metrics, maximum_labels_and_marks_are_usable)
{
    filch_metric one = {.name = "a",
                        .help = "A.",
                        .kind = FILCH_METRIC_HISTOGRAM,
                        .distribution = distribution};
    static const char *const names[] = {"a", "b", "c", "d", "e", "f", "g", "h"};
    for (unsigned i = 0; i < FILCH_LABELS_MOST; i++)
        one.labels[i] = (filch_label){names[i], "x"};
    for (unsigned i = 0; i < FILCH_MARKS_MOST; i++)
        one.marks[i] = i + 1;
    add(&one);
    filch_distribution_record(distribution, 32);
    exposition_written(metrics, &all);
    cr_assert_eq(exposition_value(
                     all.text, "a_bucket{a=\"x\",b=\"x\",c=\"x\",d=\"x\",e=\"x\",f=\"x\",g=\"x\","
                               "h=\"x\",le=\"32\"}"),
                 1);
    cr_assert_eq(exposition_value(
                     all.text, "a_bucket{a=\"x\",b=\"x\",c=\"x\",d=\"x\",e=\"x\",f=\"x\",g=\"x\","
                               "h=\"x\",le=\"31\"}"),
                 0);
}

Test(metrics, bad_arguments_are_refused)
{
    filch_metric one = counter_of("a_total", NULL, NULL);
    cr_assert_eq(filch_metrics_create(NULL), -EINVAL);
    cr_assert_eq(filch_metrics_add(NULL, &one), -EINVAL);
    cr_assert_eq(filch_metrics_add(metrics, NULL), -EINVAL);
    cr_assert_eq(filch_metrics_remove(metrics, NULL), -EINVAL);
    cr_assert_eq(filch_metrics_remove(NULL, counter), -EINVAL);
    OK(filch_metrics_remove(metrics, counter));
    cr_assert_eq(filch_metrics_write(NULL, exposition_take, &all), -EINVAL);
    cr_assert_eq(filch_metrics_write(metrics, NULL, NULL), -EINVAL);
    cr_assert_eq(filch_metrics_add_runtime(metrics, NULL, NULL), -EINVAL);
    filch_metrics_destroy(NULL);
}

/* ---- A runtime ---- */

Test(metrics, runtime_is_shown_whole_or_not)
{
    filch_runtime *rt;
    OK(filch_runtime_create(&rt, &(filch_config){.workers = 2}));
    cr_assert_eq(filch_metrics_add_runtime(metrics, rt, "one"), 0, "%s", filch_error());
    cr_assert_eq(exposition_value(exposition_written(metrics, &all),
                                  "filch_runtime_workers{runtime=\"one\"}"),
                 2);
    cr_assert_geq(exposition_value(all.text, "filch_runtime_outside_total{runtime=\"one\"}"), 0);
    OK(filch_metrics_add_runtime(metrics, rt, NULL));
    int rows = filch_metrics_remove(metrics, rt) / 2;
    cr_assert_gt(rows, 10);
    filch_metric last = {.name = "filch_runtime_workers",
                         .help = "The last row.",
                         .kind = FILCH_METRIC_GAUGE,
                         .gauge = &gauge};
    add(&last);
    OK(filch_metrics_add_runtime(metrics, rt, "one"));
    cr_assert_eq(filch_metrics_add_runtime(metrics, rt, NULL), -EEXIST);
    cr_assert_eq(filch_metrics_remove(metrics, rt), rows, "earlier rows stay");
    OK(filch_runtime_destroy(rt));
}

/* ---- promtool ---- */

Test(metrics, promtool_accepts_it)
{
    static double level = 1.5;
    filch_runtime *rt;
    OK(filch_runtime_create(&rt, &(filch_config){.workers = 2}));
    filch_distribution_record(distribution, 12345678);
    OK(filch_metrics_add_runtime(metrics, rt, "on\"e\\\n\xe2\x82\xac"));
    filch_metric one = counter_of("shop_requests_total", "path", "/a\\b\n\"c\"");
    add(&one);
    add(&(filch_metric){.name = "shop_queue_depth",
                        .help = "Depth\\\n.",
                        .kind = FILCH_METRIC_GAUGE,
                        .gauge = &gauge});
    add(&(filch_metric){.name = "shop_load",
                        .help = "Load.",
                        .kind = FILCH_METRIC_GAUGE,
                        .read = read_arg,
                        .arg = &level});
    for (unsigned i = 0; i < 2; i++) {
        filch_metric many = {.name = i ? "shop_wait_seconds" : "shop_run_seconds",
                             .help = "Time.",
                             .kind = i ? FILCH_METRIC_SUMMARY : FILCH_METRIC_HISTOGRAM,
                             .distribution = distribution,
                             .unit = 1e9};
        add(&many);
        many.labels[0] = (filch_label){"pool", "web"};
        add(&many);
    }
    exposition_written(metrics, &all);
    filch_metrics_remove(metrics, rt);
    OK(filch_runtime_destroy(rt));
    promtool_accepts(all.text);
}
