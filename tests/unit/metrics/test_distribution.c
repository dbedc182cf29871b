/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Distributions: no value is off by more than a hundredth, and no record is lost. */
#include <filch/metrics.h>
#include <math.h>
#include <runtime/metrics/distribution.h>
#include <tests/support/tasks.h>
#include <tests/support/test.h>

static filch_distribution *distribution;
static filch_snapshot *snapshot;

static void create(void)
{
    cr_assert_eq(filch_distribution_create(&distribution), 0, "%s", filch_error());
    cr_assert_eq(filch_snapshot_create(&snapshot), 0, "%s", filch_error());
}

static void destroy(void)
{
    filch_distribution_destroy(distribution);
    filch_snapshot_destroy(snapshot);
}

TestSuite(distribution, .init = create, .fini = destroy);

static void take(void)
{
    filch_snapshot_clear(snapshot);
    filch_snapshot_add(snapshot, distribution);
}

/* Of any magnitude. */
static int64_t any_value(uint64_t seed)
{
    uint64_t random = stress_mix(seed);
    return (int64_t)(stress_mix(random) >> (1 + random % 63));
}

/* ---- Buckets ---- */

static void is_near(uint64_t value)
{
    uint64_t middle = fl_bucket_middle(fl_bucket_of(value));
    uint64_t off = middle > value ? middle - value : value - middle;
    cr_assert_leq(off, value / 128, "%llu stands for %llu", (unsigned long long)middle,
                  (unsigned long long)value);
}

Test(distribution, bucket_error_is_below_one_percent)
{
    for (uint64_t value = 0; value < 100000; value++)
        is_near(value);
    for (unsigned power = 1; power < 63; power++)
        for (int off = -1; off <= 1; off++)
            is_near((UINT64_C(1) << power) + (uint64_t)(int64_t)off);
    is_near(INT64_MAX);
    for (uint64_t i = 0, seed = stress_seed(); i < 100000; i++)
        is_near((uint64_t)any_value(seed + i));
}

Test(distribution, buckets_cover_all_values_without_gaps)
{
    uint64_t last = 0;
    for (unsigned i = 0; i < FL_BUCKETS; i++) {
        uint64_t middle = fl_bucket_middle(i);
        cr_assert_eq(fl_bucket_of(middle), i);
        cr_assert(i == 0 || middle > last);
        last = middle;
    }
    cr_assert_eq(fl_bucket_of(INT64_MAX), FL_BUCKETS - 1);
    for (uint64_t value = 1; value < 100000; value++)
        cr_assert_leq(fl_bucket_of(value) - fl_bucket_of(value - 1), 1);
}

/* ---- Quantiles ---- */

enum { VALUES = 20000 };

static int compare(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static void is_quantile(const int64_t *sorted, unsigned count, double q)
{
    unsigned rank = (unsigned)((double)count * q);
    rank += (double)rank < (double)count * q * (1 - 1e-12);
    int64_t exact = sorted[rank ? rank - 1 : 0], told = filch_snapshot_quantile(snapshot, q);
    int64_t off = told > exact ? told - exact : exact - told;
    cr_assert_leq(off, exact / 100, "%g: %lld, not %lld", q, (long long)told, (long long)exact);
}

Test(distribution, quantiles_match_sorted_values)
{
    static const double shares[] = {0,   1e-9, 0.001, 0.1,   0.25,   0.5,
                                    0.9, 0.95, 0.99,  0.999, 0.9999, 1};
    static const unsigned counts[] = {1, 2, 3, 10, 100, 1000, VALUES};
    static int64_t values[VALUES];
    uint64_t seed = stress_seed(), sum = 0;
    unsigned done = 0;
    for (unsigned c = 0; c < sizeof counts / sizeof *counts; c++) {
        for (; done < counts[c]; done++) {
            values[done] = any_value(seed + done);
            filch_distribution_record(distribution, values[done]);
            sum += (uint64_t)values[done];
        }
        qsort(values, done, sizeof *values, compare);
        take();
        for (unsigned i = 0; i < sizeof shares / sizeof *shares; i++)
            is_quantile(values, done, shares[i]);
        cr_assert_eq(filch_snapshot_read(snapshot).count, done);
        cr_assert_eq(filch_snapshot_read(snapshot).sum, sum, "exactly");
        cr_assert_eq(filch_snapshot_read(snapshot).max, values[done - 1], "exactly");
        cr_assert_eq(filch_snapshot_quantile(snapshot, 1), values[done - 1], "exactly");
    }
}

Test(distribution, round_shares_are_not_rounded_up)
{
    for (int64_t value = 1; value <= 1000; value++)
        filch_distribution_record(distribution, value < 990 ? 5 : value < 999 ? 7 : 9);
    take();
    cr_assert_eq(filch_snapshot_quantile(snapshot, 0.989), 5);
    cr_assert_eq(filch_snapshot_quantile(snapshot, 0.99), 7);
    cr_assert_eq(filch_snapshot_quantile(snapshot, 0.998), 7);
    cr_assert_eq(filch_snapshot_quantile(snapshot, 0.999), 9);
}

Test(distribution, of_nothing_all_is_0)
{
    take();
    cr_assert_eq(filch_snapshot_read(snapshot).count, 0);
    cr_assert_eq(filch_snapshot_read(snapshot).sum, 0);
    cr_assert_eq(filch_snapshot_read(snapshot).max, 0);
    cr_assert_eq(filch_snapshot_quantile(snapshot, 0.5), 0);
    cr_assert_eq(filch_snapshot_quantile(snapshot, 1), 0);
}

Test(distribution, extremes_are_values_like_others)
{
    static const int64_t values[] = {INT64_MIN, -1, 0, INT64_MAX, INT64_MAX};
    for (unsigned i = 0; i < sizeof values / sizeof *values; i++)
        filch_distribution_record(distribution, values[i]);
    take();
    cr_assert_eq(filch_snapshot_read(snapshot).count, 5);
    cr_assert_eq(filch_snapshot_read(snapshot).max, INT64_MAX);
    cr_assert_eq(filch_snapshot_quantile(snapshot, 0.6), 0, "negative ones count as 0");
    cr_assert_geq(filch_snapshot_quantile(snapshot, 0.7), INT64_MAX / 100 * 99);
    cr_assert_eq(filch_snapshot_read(snapshot).sum, UINT64_MAX - 1);
    cr_assert_eq(filch_snapshot_quantile(snapshot, -1), 0);
    cr_assert_eq(filch_snapshot_quantile(snapshot, 2), INT64_MAX);
    cr_assert_eq(filch_snapshot_quantile(snapshot, (double)NAN), 0);
}

/* ---- Merging ---- */

static void are_equal(const filch_snapshot *a, const filch_snapshot *b)
{
    cr_assert_eq(a->count, b->count);
    cr_assert_eq(a->sum, b->sum);
    cr_assert_eq(a->above, b->above);
    cr_assert_eq(memcmp(a->counts, b->counts, sizeof a->counts), 0);
}

Test(distribution, merged_snapshots_are_one_of_all)
{
    filch_distribution *parts[3];
    filch_snapshot *merged, *part;
    OK(filch_snapshot_create(&merged));
    OK(filch_snapshot_create(&part));
    for (unsigned i = 0; i < 3; i++)
        OK(filch_distribution_create(&parts[i]));
    for (unsigned i = 0; i < 3000; i++) {
        filch_distribution_record(parts[i % 3], any_value(i));
        filch_distribution_record(distribution, any_value(i));
    }
    for (unsigned i = 0; i < 3; i++) {
        filch_snapshot_clear(part);
        filch_snapshot_add(part, parts[i]);
        filch_snapshot_merge(merged, part);
        filch_distribution_destroy(parts[i]);
    }
    take();
    are_equal(merged, snapshot);
    filch_snapshot_destroy(merged);
    filch_snapshot_destroy(part);
}

Test(distribution, difference_covers_records_in_between)
{
    filch_snapshot *earlier;
    OK(filch_snapshot_create(&earlier));
    filch_distribution_record(distribution, 1000000);
    filch_snapshot_add(earlier, distribution);
    filch_distribution_record(distribution, 10);
    filch_distribution_record(distribution, 20);
    take();
    filch_snapshot_subtract(snapshot, earlier);
    cr_assert_eq(filch_snapshot_read(snapshot).count, 2);
    cr_assert_eq(filch_snapshot_read(snapshot).sum, 30);
    cr_assert_eq(filch_snapshot_read(snapshot).max, 20);
    cr_assert_eq(filch_snapshot_quantile(snapshot, 0.5), 10);
    filch_distribution_record(distribution, 2000000);
    take();
    filch_snapshot_subtract(snapshot, earlier);
    cr_assert_leq(llabs(filch_snapshot_read(snapshot).max - 2000000), 20000);
    cr_assert_leq(filch_snapshot_read(snapshot).max, 2000000);
    filch_snapshot_clear(snapshot);
    filch_snapshot_subtract(snapshot, earlier);
    cr_assert_eq(filch_snapshot_read(snapshot).count, 0, "nothing is less than nothing");
    cr_assert_eq(filch_snapshot_read(snapshot).max, 0);
    filch_snapshot_destroy(earlier);
}

/* ---- From everywhere ---- */

enum { MEMBERS = 12, ROUNDS = 1000 };

static void record(void *unused)
{
    for (unsigned i = 0; i < ROUNDS; i++)
        filch_distribution_record(distribution, i);
}

static void record_with(crew *all, enum crew_kind kind, const char *name)
{
    take();
    uint64_t count = filch_snapshot_read(snapshot).count, sum = filch_snapshot_read(snapshot).sum;
    for (unsigned i = 0; i < MEMBERS; i++)
        crew_start(all, kind, record, NULL);
    crew_wait(all);
    take();
    cr_assert_eq(filch_snapshot_read(snapshot).count - count, MEMBERS * ROUNDS, "%s", name);
    cr_assert_eq(filch_snapshot_read(snapshot).sum - sum, MEMBERS * ROUNDS * (ROUNDS - 1) / 2, "%s",
                 name);
    cr_assert_eq(filch_snapshot_read(snapshot).max, ROUNDS - 1, "%s", name);
}

Test(distribution, concurrent_records_are_exact)
{
    crew_everywhere(record_with);
}

Test(distribution, bad_arguments_are_refused)
{
    cr_assert_eq(filch_distribution_create(NULL), -EINVAL);
    cr_assert_eq(filch_snapshot_create(NULL), -EINVAL);
    filch_distribution_destroy(NULL);
    filch_snapshot_destroy(NULL);
}
