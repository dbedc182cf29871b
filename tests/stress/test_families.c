/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Many threads ask one family for new and old label sets while others read the registry: each set
 * has one metric, no count is lost, and the cap holds. */
#include <filch/metrics.h>
#include <pthread.h>
#include <tests/support/reading.h>
#include <tests/support/tasks.h>
#include <tests/support/test.h>

enum { THREADS = 8, SETS = 64, MOST = 40 };

static filch_metrics *metrics;
static filch_family *family;
static filch_counter *found[THREADS][SETS];
static unsigned requests;

static filch_counter *ask(unsigned set)
{
    char first[16], second[16];
    snprintf(first, sizeof first, "%u", set / 8);
    snprintf(second, sizeof second, "%u", set % 8);
    return filch_family_counter(family, FILCH_VALUES(first, second));
}

static void *count(void *arg)
{
    unsigned me = (unsigned)(uintptr_t)arg;
    for (unsigned i = 0; i < requests; i++) {
        unsigned set = (i * 7 + me * 5) % SETS;
        filch_counter *one = ask(set);
        filch_counter_add(one, 1);
        found[me][set] = one;
    }
    return NULL;
}

static int ignore(const char *text, size_t size, void *arg)
{
    return 0;
}

static void *look(void *unused)
{
    for (unsigned i = 0; i < 20; i++)
        OK(filch_metrics_write(metrics, ignore, NULL));
    return NULL;
}

/* A thread that came before the cap was reached has the same metric as all others, or the overflow
 * metric of before. */
static void each_set_has_one_metric(filch_counter *other)
{
    for (unsigned set = 0; set < SETS; set++)
        for (unsigned i = 0; i < THREADS; i++)
            cr_assert_eq(found[i][set], ask(set), "%u of %u", i, set);
    cr_assert_neq(other, NULL);
}

static uint64_t sum_of(filch_counter *other)
{
    uint64_t sum = filch_counter_read(other);
    for (unsigned set = 0; set < SETS; set++)
        sum += ask(set) != other ? filch_counter_read(ask(set)) : 0;
    return sum;
}

static void run_once(void)
{
    const filch_family_config config = {.name = "hits_total",
                                        .help = "Hits.",
                                        .kind = FILCH_METRIC_COUNTER,
                                        .labels = {"a", "b"},
                                        .most = MOST};
    pthread_t threads[THREADS], reader;
    OK(filch_metrics_create(&metrics));
    OK(filch_family_create(&family, metrics, &config));
    filch_counter *other = filch_family_counter(family, FILCH_VALUES("(other)", "(other)"));
    cr_assert_eq(pthread_create(&reader, NULL, look, NULL), 0);
    for (uintptr_t i = 0; i < THREADS; i++)
        cr_assert_eq(pthread_create(&threads[i], NULL, count, (void *)i), 0);
    for (unsigned i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    pthread_join(reader, NULL);
    filch_family_stats stats;
    filch_family_stats_read(family, &stats, sizeof stats);
    cr_assert_eq(stats.sets, MOST);
    cr_assert_eq(stats.refused, filch_counter_read(other));
    cr_assert_eq(sum_of(other), (uint64_t)THREADS * requests);
    each_set_has_one_metric(other);
    filch_family_destroy(family);
    filch_metrics_destroy(metrics);
}

Test(families, each_set_has_one_exact_metric)
{
    requests = SETS * 20;
    unsigned runs = stress_times(20);
    for (unsigned i = 0; i < runs; i++)
        run_once();
}
