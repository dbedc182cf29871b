/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Metric families at their limits: all labels, the greatest cap, marks of their own, and label sets
 * whose hashes are equal. */
#include <filch/metrics.h>
#include <runtime/metrics/family.h>
#include <runtime/platform/hash.h>
#include <tests/support/reading.h>
#include <tests/support/test.h>

static exposition all;
static filch_metrics *metrics;

static filch_family *family_of(const filch_family_config *config)
{
    filch_family *family = NULL;
    if (!metrics)
        OK(filch_metrics_create(&metrics));
    cr_assert_eq(filch_family_create(&family, metrics, config), 0, "%s", filch_error());
    return family;
}

static void end(filch_family *family)
{
    filch_family_destroy(family);
    filch_metrics_destroy(metrics);
    metrics = NULL;
}

static void expect(const char *series, double value)
{
    double shown = exposition_value(exposition_written(metrics, &all), series);
    cr_assert_eq(shown, value, "%s is %g", series, shown);
}

Test(family_limits, last_of_all_labels_distinguishes_sets)
{
    const filch_family_config config = {.name = "shop_queue",
                                        .help = "Waiting.",
                                        .kind = FILCH_METRIC_GAUGE,
                                        .labels = {"a", "b", "c", "d", "e", "f", "g", "h"}};
    filch_family *family = family_of(&config);
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
    end(family);
}

Test(family_limits, the_greatest_cap_is_allowed)
{
    filch_family *family = family_of(&(filch_family_config){.name = "shop_responses_total",
                                                            .help = "Responses.",
                                                            .labels = {"status"},
                                                            .most = FILCH_FAMILY_MOST});
    filch_family_stats stats;
    filch_family_stats_read(family, &stats, sizeof stats);
    cr_assert_eq(stats.most, FILCH_FAMILY_MOST);
    end(family);
}

Test(family_limits, histograms_have_the_given_marks)
{
    filch_family *family = family_of(&(filch_family_config){.name = "shop_seconds",
                                                            .help = "Times.",
                                                            .kind = FILCH_METRIC_HISTOGRAM,
                                                            .labels = {"status"},
                                                            .unit = 1e9,
                                                            .marks = {0.5, 2}});
    filch_distribution_record(filch_family_distribution(family, FILCH_VALUES("200")), 1000000000);
    expect("shop_seconds_bucket{status=\"200\",le=\"0.5\"}", 0);
    expect("shop_seconds_bucket{status=\"200\",le=\"2\"}", 1);
    expect("shop_seconds_bucket{status=\"200\",le=\"0.1\"}", -1);
    end(family);
}

static const filch_family_config names[] = {
    {.name = "shop_a_total", .help = "A.", .labels = {"name"}},
    {.name = "shop_b_total", .help = "B.", .labels = {"name"}}};

Test(family_limits, each_family_has_own_hash_seed)
{
    filch_family *one = family_of(&names[0]), *two = family_of(&names[1]);
    cr_assert_neq(one->seed, two->seed);
    filch_family_destroy(two);
    end(one);
}

Test(family_limits, hash_collisions_keep_separate_metrics)
{
    static const char *const same[] = {"7mohtcOFVz", "c1E51sSEyx"}; /* from the start of FNV-1a */
    cr_assert_eq(fl_hash_text(same[0]), fl_hash_text(same[1]));
    filch_family *family = family_of(&names[0]);
    family->seed = 0;
    filch_counter *first = filch_family_counter(family, FILCH_VALUES(same[0]));
    filch_counter *second = filch_family_counter(family, FILCH_VALUES(same[1]));
    cr_assert_neq(first, second);
    cr_assert_eq(filch_family_counter(family, FILCH_VALUES(same[0])), first);
    cr_assert_eq(filch_family_counter(family, FILCH_VALUES(same[1])), second);
    end(family);
}
