/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Metric families: one metric for each label set, up to a cap; requests beyond it are counted and
 * lose nothing. */
#include <filch/metrics.h>

#include <pthread.h>
#include <runtime/metrics/family.h>
#include <runtime/platform/hash.h>
#include <tests/support/reading.h>
#include <tests/support/system.h>
#include <tests/support/test.h>

static exposition all;
static filch_metrics *metrics;

static filch_family_config counters(unsigned most)
{
    return (filch_family_config){.name = "shop_responses_total",
                                 .help = "Responses.",
                                 .kind = FILCH_METRIC_COUNTER,
                                 .labels = {"method", "status"},
                                 .most = most};
}

static filch_family *family_of(filch_family_config config)
{
    filch_family *family;
    if (!metrics)
        OK(filch_metrics_create(&metrics));
    cr_assert_eq(filch_family_create(&family, metrics, &config), 0, "%s", filch_error());
    return family;
}

static filch_family_stats stats_of(const filch_family *family)
{
    filch_family_stats stats;
    filch_family_stats_read(family, &stats, sizeof stats);
    return stats;
}

static void end(filch_family *family)
{
    filch_family_destroy(family);
    cr_assert_str_eq(exposition_written(metrics, &all), "");
    filch_metrics_destroy(metrics);
    metrics = NULL;
}

static void expect(const char *series, double value)
{
    double shown = exposition_value(exposition_written(metrics, &all), series);
    cr_assert_eq(shown, value, "%s is %g", series, shown);
}

Test(family, each_label_set_shows_one_metric)
{
    filch_family *family = family_of(counters(0));
    filch_counter *got = filch_family_counter(family, FILCH_VALUES("GET", "200"));
    char status[] = "404"; /* values are copied */
    filch_counter *missing = filch_family_counter(family, FILCH_VALUES("GET", status));
    status[0] = '5';
    cr_assert_neq(got, missing);
    cr_assert_eq(filch_family_counter(family, FILCH_VALUES("GET", "200")), got);
    cr_assert_eq(filch_family_counter(family, FILCH_VALUES("GET", "404")), missing);
    cr_assert_neq(filch_family_counter(family, FILCH_VALUES("GET2", "00")), got);
    filch_counter_add(got, 3);
    filch_counter_add(missing, 1);
    expect("shop_responses_total{method=\"GET\",status=\"200\"}", 3);
    expect("shop_responses_total{method=\"GET\",status=\"404\"}", 1);
    expect("shop_responses_total{method=\"(other)\",status=\"(other)\"}", 0);
    expect("filch_family_refused_total{family=\"shop_responses_total\"}", 0);
    cr_assert_eq(stats_of(family).sets, 3);
    cr_assert_eq(stats_of(family).most, FILCH_FAMILY_DEFAULT);
    promtool_accepts(all.text);
    end(family);
}

Test(family, sets_beyond_cap_share_one_metric)
{
    filch_family *family = family_of(counters(2));
    filch_counter *one = filch_family_counter(family, FILCH_VALUES("GET", "1"));
    filch_family_counter(family, FILCH_VALUES("GET", "2"));
    filch_counter *other = filch_family_counter(family, FILCH_VALUES("GET", "3"));
    for (int i = 0; i < 100; i++) {
        char status[8];
        snprintf(status, sizeof status, "%d", i + 3);
        filch_counter *each = filch_family_counter(family, FILCH_VALUES("PUT", status));
        cr_assert_eq(each, other);
        filch_counter_add(each, 1);
    }
    cr_assert_eq(filch_family_counter(family, FILCH_VALUES("GET", "1")), one, "still found");
    cr_assert_eq(filch_family_counter(family, FILCH_VALUES("(other)", "(other)")), other);
    cr_assert_eq(stats_of(family).sets, 2);
    cr_assert_eq(stats_of(family).refused, 101);
    expect("shop_responses_total{method=\"(other)\",status=\"(other)\"}", 100);
    expect("filch_family_refused_total{family=\"shop_responses_total\"}", 101);
    end(family);
}

Test(family, smallest_and_greatest_caps_hold)
{
    static const unsigned caps[] = {1, 3, 200};
    for (unsigned i = 0; i < 3; i++) {
        filch_family *family = family_of(counters(caps[i]));
        for (unsigned j = 0; j < caps[i] + 10; j++) {
            char status[16];
            snprintf(status, sizeof status, "%u", j);
            filch_counter_add(filch_family_counter(family, FILCH_VALUES("GET", status)), 1);
        }
        cr_assert_eq(stats_of(family).sets, caps[i]);
        cr_assert_eq(stats_of(family).refused, 10);
        filch_family_destroy(family);
        filch_metrics_destroy(metrics);
        metrics = NULL;
    }
}

Test(family, unshowable_values_are_refused)
{
    char longest[FILCH_FAMILY_VALUE_MOST + 1], too_long[FILCH_FAMILY_VALUE_MOST + 2];
    filch_family *family = family_of(counters(0));
    filch_counter *other = filch_family_counter(family, FILCH_VALUES("(other)", "(other)"));
    memset(longest, 'x', sizeof longest);
    memset(too_long, 'x', sizeof too_long);
    longest[sizeof longest - 1] = too_long[sizeof too_long - 1] = '\0';
    cr_assert_eq(filch_family_counter(family, FILCH_VALUES("GET", "")), other);
    cr_assert_eq(filch_family_counter(family, FILCH_VALUES("GET", "\xff\xfe")), other);
    cr_assert_eq(filch_family_counter(family, FILCH_VALUES("GET", too_long)), other);
    cr_assert_eq(stats_of(family).refused, 3);
    cr_assert_neq(filch_family_counter(family, FILCH_VALUES("GET", longest)), other);
    cr_assert_neq(filch_family_counter(family, FILCH_VALUES("\"\\\n", "200")), other);
    cr_assert_eq(stats_of(family).sets, 2);
    promtool_accepts(exposition_written(metrics, &all));
    end(family);
}

Test(family, every_metric_kind_has_families)
{
    static const filch_metric_kind kinds[] = {FILCH_METRIC_SUMMARY, FILCH_METRIC_HISTOGRAM};
    filch_family_config config = counters(0);
    config.name = "shop_queue";
    config.kind = FILCH_METRIC_GAUGE;
    filch_family *gauges = family_of(config);
    filch_gauge_set(filch_family_gauge(gauges, FILCH_VALUES("GET", "200")), -7);
    expect("shop_queue{method=\"GET\",status=\"200\"}", -7);
    for (unsigned i = 0; i < 2; i++) {
        config.name = "shop_seconds";
        config.kind = kinds[i];
        config.unit = 1e9;
        filch_family *times = family_of(config);
        filch_distribution_record(filch_family_distribution(times, FILCH_VALUES("GET", "200")),
                                  1000000);
        expect("shop_seconds_count{method=\"GET\",status=\"200\"}", 1);
        filch_family_destroy(times);
    }
    end(gauges);
}

Test(family, invalid_family_is_refused_without_trace)
{
    filch_family *family = NULL;
    filch_family_config wrong[6];
    for (unsigned i = 0; i < 6; i++)
        wrong[i] = counters(0);
    wrong[0].name = "shop_responses";
    wrong[1].labels[0] = NULL;
    wrong[2].labels[1] = "method";
    wrong[3].most = FILCH_FAMILY_MOST + 1;
    wrong[4].kind = FILCH_METRIC_KINDS;
    wrong[5].help = NULL;
    OK(filch_metrics_create(&metrics));
    for (unsigned i = 0; i < 6; i++) {
        cr_assert_eq(filch_family_create(&family, metrics, &wrong[i]), -EINVAL, "%u", i);
        cr_assert_neq(*filch_error(), '\0', "%u", i);
    }
    filch_family_config right = counters(0);
    cr_assert_eq(filch_family_create(NULL, metrics, &right), -EINVAL);
    cr_assert_eq(filch_family_create(&family, NULL, &right), -EINVAL);
    cr_assert_eq(filch_family_create(&family, metrics, NULL), -EINVAL);
    cr_assert_str_eq(exposition_written(metrics, &all), "");
    filch_family *first = family_of(right);
    cr_assert_eq(filch_family_create(&family, metrics, &right), -EEXIST);
    expect("shop_responses_total{method=\"(other)\",status=\"(other)\"}", 0);
    cr_assert_null(family);
    end(first);
}

static void too_few_values(void)
{
    filch_family_counter(family_of(counters(0)), FILCH_VALUES("GET"));
}

static void too_many_values(void)
{
    filch_family_counter(family_of(counters(0)), FILCH_VALUES("GET", "200", "x"));
}

static void another_kind(void)
{
    filch_family_gauge(family_of(counters(0)), FILCH_VALUES("GET", "200"));
}

Test(family, misuse_dies_with_advice)
{
    static const struct misuse {
        void (*call)(void);
        const char *says;
    } misuses[] = {{too_few_values, "1 value for the 2 labels of shop_responses_total; give one"},
                   {too_many_values, "at least 3 values for the 2 labels"},
                   {another_kind, "of another kind; call filch_family_counter"}};
    for (unsigned i = 0; i < sizeof misuses / sizeof *misuses; i++) {
        struct child child;
        child_run(&child, misuses[i].call);
        cr_assert(child_died(&child, misuses[i].says), "%u: %s", i, child.text);
    }
}

Test(family, older_smaller_struct_is_filled_partially)
{
    filch_family *family = family_of(counters(0));
    filch_family_stats stats = {.refused = 5, .sets = 77, .most = 78};
    filch_family_stats_read(family, &stats, sizeof stats.refused);
    cr_assert_eq(stats.refused, 0);
    cr_assert_eq(stats.sets, 77);
    end(family);
}

Test(family, destroying_none_does_nothing)
{
    filch_family_destroy(NULL);
}

/* Metric families at their limits: all labels, the greatest cap, marks of their own, and label sets
 * whose hashes are equal. */

static filch_family *family_of_limits(const filch_family_config *config)
{
    filch_family *family = NULL;
    if (!metrics)
        OK(filch_metrics_create(&metrics));
    cr_assert_eq(filch_family_create(&family, metrics, config), 0, "%s", filch_error());
    return family;
}

static void end_limits(filch_family *family)
{
    filch_family_destroy(family);
    filch_metrics_destroy(metrics);
    metrics = NULL;
}

Test(family_limits, last_of_all_labels_distinguishes_sets)
{
    const filch_family_config config = {.name = "shop_queue",
                                        .help = "Waiting.",
                                        .kind = FILCH_METRIC_GAUGE,
                                        .labels = {"a", "b", "c", "d", "e", "f", "g", "h"}};
    filch_family *family = family_of_limits(&config);
    cr_assert_not_null(config.labels[FILCH_LABELS_MOST - 1], "all of them");
    filch_gauge_set(filch_family_gauge(family,
                                       FILCH_VALUES("1", "2", "3", "4", "5", "6", "7", "8")),
                    8);
    filch_gauge_set(filch_family_gauge(family,
                                       FILCH_VALUES("1", "2", "3", "4", "5", "6", "7", "9")),
                    9);
    expect("shop_queue{a=\"1\",b=\"2\",c=\"3\",d=\"4\",e=\"5\",f=\"6\",g=\"7\",h=\"8\"}", 8);
    expect("shop_queue{a=\"1\",b=\"2\",c=\"3\",d=\"4\",e=\"5\",f=\"6\",g=\"7\",h=\"9\"}", 9);
    expect("filch_family_refused_total{family=\"shop_queue\"}", 0);
    end_limits(family);
}

Test(family_limits, the_greatest_cap_is_allowed)
{
    filch_family *family = family_of_limits(&(filch_family_config){.name = "shop_responses_total",
                                                                   .help = "Responses.",
                                                                   .labels = {"status"},
                                                                   .most = FILCH_FAMILY_MOST});
    filch_family_stats stats;
    filch_family_stats_read(family, &stats, sizeof stats);
    cr_assert_eq(stats.most, FILCH_FAMILY_MOST);
    end_limits(family);
}

Test(family_limits, histograms_have_the_given_marks)
{
    filch_family *family = family_of_limits(&(filch_family_config){.name = "shop_seconds",
                                                                   .help = "Times.",
                                                                   .kind = FILCH_METRIC_HISTOGRAM,
                                                                   .labels = {"status"},
                                                                   .unit = 1e9,
                                                                   .marks = {0.5, 2}});
    filch_distribution_record(filch_family_distribution(family, FILCH_VALUES("200")), 1000000000);
    expect("shop_seconds_bucket{status=\"200\",le=\"0.5\"}", 0);
    expect("shop_seconds_bucket{status=\"200\",le=\"2\"}", 1);
    expect("shop_seconds_bucket{status=\"200\",le=\"0.1\"}", -1);
    end_limits(family);
}

static const filch_family_config names[] = {
    {.name = "shop_a_total", .help = "A.", .labels = {"name"}},
    {.name = "shop_b_total", .help = "B.", .labels = {"name"}}};

Test(family_limits, each_family_has_own_hash_seed)
{
    filch_family *one = family_of_limits(&names[0]), *two = family_of_limits(&names[1]);
    cr_assert_neq(one->seed, two->seed);
    filch_family_destroy(two);
    end_limits(one);
}

Test(family_limits, hash_collisions_keep_separate_metrics)
{
    static const char *const same[] = {"7mohtcOFVz", "c1E51sSEyx"}; /* from the start of FNV-1a */
    cr_assert_eq(fl_hash_text(same[0]), fl_hash_text(same[1]));
    filch_family *family = family_of_limits(&names[0]);
    family->seed = 0;
    filch_counter *first = filch_family_counter(family, FILCH_VALUES(same[0]));
    filch_counter *second = filch_family_counter(family, FILCH_VALUES(same[1]));
    cr_assert_neq(first, second);
    cr_assert_eq(filch_family_counter(family, FILCH_VALUES(same[0])), first);
    cr_assert_eq(filch_family_counter(family, FILCH_VALUES(same[1])), second);
    end_limits(family);
}
