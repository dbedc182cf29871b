/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Metrics to which memory, or a thread's key, is refused: an error says so, nothing is held, and
 * later it works again. */
#include <criterion/criterion.h>
#include <errno.h>
#include <filch/family.h>
#include <runtime/metrics/shard.h>
#include <tests/support/exposition.h>
#include <tests/support/refuse.h>
#include <tests/support/rest.h>

static exposition all;

/* Calls create until nothing is refused any more; returns how many calls were refused, each of
 * which left nothing behind. */
static unsigned refused_creations(int (*create)(void **), void **out)
{
    int64_t before = blocks;
    for (unsigned at = 0;; at++) {
        void *untouched = &all;
        *out = untouched;
        refuse(MEMORY, at, false);
        int rc = create(out);
        if (!refuse_no_more(MEMORY)) {
            cr_assert_eq(rc, 0, "%s", filch_error());
            return at;
        }
        cr_assert_eq(rc, -ENOMEM);
        cr_assert_neq(*filch_error(), '\0');
        cr_assert_eq(*out, untouched);
        cr_assert_eq(blocks, before);
    }
}

static int create_counter(void **out)
{
    return filch_counter_create((filch_counter **)out);
}

static int create_distribution(void **out)
{
    return filch_distribution_create((filch_distribution **)out);
}

static int create_snapshot(void **out)
{
    return filch_snapshot_create((filch_snapshot **)out);
}

static int create_metrics(void **out)
{
    return filch_metrics_create((filch_metrics **)out);
}

Test(refused_metrics, what_has_no_memory_is_not_created)
{
    int64_t before = blocks;
    void *counter, *distribution, *snapshot, *metrics;
    cr_assert_eq(refused_creations(create_counter, &counter), 1);
    cr_assert_eq(refused_creations(create_distribution, &distribution), 2);
    cr_assert_eq(refused_creations(create_snapshot, &snapshot), 1);
    cr_assert_eq(refused_creations(create_metrics, &metrics), 1);
    filch_counter_destroy(counter);
    filch_distribution_destroy(distribution);
    filch_snapshot_destroy(snapshot);
    filch_metrics_destroy(metrics);
    cr_assert_eq(blocks, before);
}

static filch_gauge gauge;
static filch_distribution *distribution;

static int add(filch_metrics *metrics, const char *name, filch_metric_kind kind)
{
    bool is_gauge = kind == FILCH_METRIC_GAUGE;
    return filch_metrics_add(metrics,
                             &(filch_metric){.name = name,
                                             .help = "A.",
                                             .kind = kind,
                                             .gauge = is_gauge ? &gauge : NULL,
                                             .distribution = is_gauge ? NULL : distribution});
}

Test(refused_metrics, what_has_no_memory_is_not_shown_or_not_written)
{
    filch_metrics *metrics;
    int64_t before = blocks;
    cr_assert_eq(filch_metrics_create(&metrics), 0);
    cr_assert_eq(filch_distribution_create(&distribution), 0);
    cr_assert_eq(add(metrics, "a", FILCH_METRIC_GAUGE), 0);
    refuse(MEMORY, 0, false);
    cr_assert_eq(add(metrics, "b", FILCH_METRIC_GAUGE), -ENOMEM);
    cr_assert_eq(add(metrics, "b", FILCH_METRIC_SUMMARY), 0, "of any kind, then");
    refuse(MEMORY, 0, false);
    cr_assert_eq(filch_metrics_write(metrics, exposition_take, &all), -ENOMEM);
    cr_assert_neq(*filch_error(), '\0');
    all.length = 0;
    cr_assert_eq(filch_metrics_write(metrics, exposition_take, &all), 0);
    cr_assert_not_null(exposition_find(all.text, "b_count"));
    cr_assert_eq(filch_metrics_remove(metrics, &gauge), 1);
    cr_assert_eq(filch_metrics_remove(metrics, distribution), 1);
    filch_metrics_destroy(metrics);
    filch_distribution_destroy(distribution);
    cr_assert_eq(blocks, before);
}

Test(refused_metrics, of_a_runtime_all_is_shown_or_nothing)
{
    filch_metrics *metrics;
    filch_runtime *rt;
    rt = runtime_at_rest(1);
    cr_assert_eq(filch_metrics_create(&metrics), 0);
    unsigned at = 0;
    for (int rc = -ENOMEM; rc; at++) {
        refuse(MEMORY, at, false);
        rc = filch_metrics_add_runtime(metrics, rt, "one");
        refuse_no_more(MEMORY);
        all.length = 0;
        cr_assert(rc == 0 || rc == -ENOMEM);
        cr_assert_eq(filch_metrics_write(metrics, exposition_take, &all), 0);
        cr_assert_eq(all.length == 0, rc != 0);
    }
    cr_assert_gt(at, 10);
    refuse(MEMORY, 0, false);
    cr_assert_eq(filch_metrics_write(metrics, exposition_take, &all), -ENOMEM);
    cr_assert_neq(*filch_error(), '\0');
    filch_metrics_destroy(metrics);
    cr_assert_eq(filch_runtime_destroy(rt), 0);
}

static filch_counter *counter;

/* Only what the library asks for: sanitizers set keys when a thread begins. */
static void *count(void *shard)
{
    refuse(KEYS, 0, true);
    *(unsigned *)shard = fl_shard();
    refuse_no_more(KEYS);
    for (unsigned i = 0; i < 100; i++)
        filch_counter_add(counter, 1);
    return NULL;
}

static void count_in_threads(unsigned times)
{
    for (unsigned i = 0; i < times; i++) {
        pthread_t thread;
        unsigned shard = FL_SHARDS_SHARED;
        cr_assert_eq(pthread_create(&thread, NULL, count, &shard), 0);
        pthread_join(thread, NULL);
        cr_assert_lt(shard, FL_SHARDS_SHARED, "nothing is taken that cannot be given back");
    }
    cr_assert_eq(filch_counter_read(counter), 100 * times);
    filch_counter_destroy(counter);
}

Test(refused_metrics, without_a_key_threads_share_shards)
{
    refuse(KEYS, 0, true);
    cr_assert_eq(filch_counter_create(&counter), 0);
    cr_assert_eq(refuse_no_more(KEYS), 1);
    count_in_threads(10);
}

Test(refused_metrics, without_room_for_a_key_a_thread_shares_a_shard)
{
    cr_assert_eq(filch_counter_create(&counter), 0);
    count_in_threads(10);
    cr_assert_geq(fl_shard(), FL_SHARDS_SHARED, "none was kept");
}

static filch_metrics *registry;

static int create_family(void **out)
{
    const filch_family_config config = {.name = "a_total",
                                        .help = "A.",
                                        .kind = FILCH_METRIC_COUNTER,
                                        .labels = {"x"}};
    return filch_family_create((filch_family **)out, registry, &config);
}

/* A member needs memory for itself, its counter, and its place in the registry. */
Test(refused_metrics, a_label_set_without_memory_gets_the_overflow_metric_and_later_its_own)
{
    int64_t before = blocks;
    void *created;
    cr_assert_eq(filch_metrics_create(&registry), 0);
    cr_assert_gt(refused_creations(create_family, &created), 4);
    filch_family *family = created;
    filch_counter *other = filch_family_counter(family, FILCH_VALUES("(other)"));
    filch_family_stats stats;
    for (unsigned at = 0; at < 3; at++) {
        int64_t held = blocks;
        refuse(MEMORY, at, false);
        cr_assert_eq(filch_family_counter(family, FILCH_VALUES("1")), other, "%u", at);
        cr_assert(refuse_no_more(MEMORY));
        cr_assert_eq(blocks, held);
    }
    cr_assert_neq(filch_family_counter(family, FILCH_VALUES("1")), other);
    filch_family_stats_read(family, &stats, sizeof stats);
    cr_assert_eq(stats.refused, 3);
    cr_assert_eq(stats.sets, 1);
    filch_family_destroy(family);
    filch_metrics_destroy(registry);
    cr_assert_eq(blocks, before);
}
