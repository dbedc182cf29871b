/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Histograms: the plain loop's counts, for any number of bins; bins that do not exist; stops;
 * refused arguments. */
#include <filch/find.h>
#include <tests/support/par.h>
#include <tests/support/test.h>

static size_t bin_of(uint64_t seed, size_t i, size_t bins)
{
    uint64_t random = stress_mix(seed + i / (1 + seed % 5)); /* some come in rows */
    return (size_t)(random % bins);
}

FILCH_HISTOGRAM(hashes, i, (uint64_t, seed), (size_t, among))
{
    return bin_of(seed, i, among);
}

FILCH_HISTOGRAM(slow_hashes, i, (uint64_t, seed), (size_t, among))
{
    stress_dawdle(stress_mix(~seed + i));
    return bin_of(seed, i, among);
}

static uint64_t *ones(size_t bins)
{
    uint64_t *counts = malloc((bins + 1) * sizeof *counts);
    for (size_t b = 0; b <= bins; b++)
        counts[b] = 1;
    return counts;
}

static void expect_counts(const uint64_t *counts, size_t bins, size_t begin, size_t end,
                          uint64_t seed)
{
    uint64_t *wanted = calloc(bins + 1, sizeof *wanted);
    wanted[bins] = 1; /* is not counts' */
    for (size_t i = begin; i < end; i++)
        wanted[bin_of(seed, i, bins)]++;
    for (size_t b = 0; b <= bins; b++)
        cr_assert_eq(counts[b], wanted[b], "bin %zu of %zu in [%zu, %zu)", b, bins, begin, end);
    free(wanted);
}

Test(par_histogram, counts_match_plain_loop)
{
    static const size_t some[] = {1, 2, 10, 256, 4096, 4097, 100000};
    uint64_t state = stress_seed();
    for (unsigned k = 0; k < PAR_RUNTIMES; k++) {
        filch_runtime *rt = par_runtime(config_workers[k]);
        for (unsigned times = stress_times(70); times; times--) {
            size_t bins = some[times % 7], begin = (size_t)par_random(&state) % 1000;
            size_t end = begin + par_size(&state, 1000000);
            uint64_t seed = par_random(&state);
            uint64_t *counts = ones(bins);
            cr_assert_eq(FILCH_RUN(rt, hashes, begin, end, counts, bins, seed, bins), 0);
            expect_counts(counts, bins, begin, end, seed);
            end = begin + (end - begin) / 4;
            cr_assert_eq(FILCH_RUN(rt, slow_hashes, begin, end, counts, bins, seed, bins), 0);
            expect_counts(counts, bins, begin, end, seed);
            free(counts);
        }
        filch_runtime_destroy(rt);
    }
}

FILCH_HISTOGRAM(wrong_at, i, (size_t, at), (size_t, bins))
{
    return i < at ? i % bins : bins + 5;
}

static void expect_none(const uint64_t *counts, size_t bins)
{
    for (size_t b = 0; b < bins; b++)
        cr_assert_eq(counts[b], 0);
    cr_assert_eq(counts[bins], 1);
}

Test(par_histogram, nonexistent_bin_is_named)
{
    static const size_t some[] = {7, 5000};
    for (unsigned k = 0; k < 2 * PAR_RUNTIMES; k++) {
        size_t bins = some[k % 2];
        uint64_t *counts = ones(bins);
        char said[60];
        filch_runtime *rt = par_runtime(config_workers[k / 2]);
        cr_assert_eq(FILCH_RUN(rt, wrong_at, 0, 100000, counts, bins, 99999, bins), -ERANGE);
        snprintf(said, sizeof said, "index 99999 maps to bin %zu", bins + 5);
        cr_assert(strstr(filch_error(), said), "%s", filch_error());
        expect_none(counts, bins);
        for (size_t at = 0; at < 100000; at = at * 3 + 1) {
            cr_assert_eq(FILCH_RUN(rt, wrong_at, 0, 100000, counts, bins, at, bins), -ERANGE);
            expect_none(counts, bins);
        }
        filch_runtime_destroy(rt);
        free(counts);
    }
}

FILCH_HISTOGRAM(stops, i, (size_t, at), (int, code))
{
    if (i == at)
        FILCH_STOP_WITH(code, 0);
    return 0;
}

Test(par_histogram, a_stop_leaves_no_counts)
{
    filch_runtime *rt = par_runtime(2);
    for (size_t bins = 1; bins < 10000; bins += 5000) {
        uint64_t *counts = ones(bins);
        cr_assert_eq(FILCH_RUN(rt, stops, 0, 100000, counts, bins, 777, -ERANGE), -ERANGE);
        expect_none(counts, bins);
        cr_assert_eq(FILCH_RUN(rt, stops, 0, 100000, counts, bins, 777, 5), 5);
        expect_none(counts, bins);
        free(counts);
    }
    filch_runtime_destroy(rt);
}

FILCH_HISTOGRAM(ends, i)
{
    return SIZE_MAX - 1 - i;
}

Test(par_histogram, ranges_may_end_at_largest_index)
{
    uint64_t counts[10];
    filch_runtime *rt = par_runtime(2);
    cr_assert_eq(FILCH_RUN(rt, ends, SIZE_MAX - 10, SIZE_MAX, counts, 10), 0);
    for (int b = 0; b < 10; b++)
        cr_assert_eq(counts[b], 1);
    filch_runtime_destroy(rt);
}

Test(par_histogram, empty_range_counts_nothing)
{
    uint64_t counts[3] = {1, 1, 1};
    filch_runtime *rt = par_runtime(2);
    cr_assert_eq(FILCH_RUN(rt, ends, 5, 5, counts, 2), 0);
    expect_none(counts, 2);
    cr_assert_eq(FILCH_RUN(rt, ends, 5, 5, NULL, 0), 0);
    cr_assert_eq(FILCH_RUN(rt, ends, 5, 6, NULL, 0), -ERANGE);
    cr_assert(strstr(filch_error(), "there are 0"));
    filch_runtime_destroy(rt);
}

/* As another language would write it: any lane. */
static int count_thirds(filch_self self, size_t begin, size_t end, void *context,
                        filch_tally *tally)
{
    for (size_t i = begin; i < end; i++) {
        if (i % 3 >= tally->bins)
            return filch_tally_refuse(tally, i, i % 3);
        tally->counts[i % 3 * tally->lanes + (i & 1 ? tally->lanes - 1 : 0)]++;
    }
    return 0;
}

Test(par_histogram, plain_chunks_may_use_any_lane)
{
    uint64_t counts[3];
    for (unsigned k = 0; k < PAR_RUNTIMES; k++) {
        filch_runtime *rt = par_runtime(config_workers[k]);
        for (size_t n = 3; n < 300000; n *= 10) {
            OK(fl_run_histogram(rt, 0, n, count_thirds, counts, 3, NULL));
            for (int b = 0; b < 3; b++)
                cr_assert_eq(counts[b], n / 3);
            cr_assert_eq(fl_run_histogram(rt, 0, n, count_thirds, counts, 2, NULL), -ERANGE);
            cr_assert(strstr(filch_error(), "to bin 2, but there are 2"));
        }
        filch_runtime_destroy(rt);
    }
}

Test(par_histogram, what_cannot_be_counted_is_refused)
{
    uint64_t counts[3] = {77, 77, 77};
    filch_runtime *rt = par_runtime(2);
    cr_assert_eq(fl_run_histogram(rt, 2, 1, count_thirds, counts, 3, NULL), -EINVAL);
    cr_assert(strstr(filch_error(), "filch_histogram"));
    cr_assert_eq(fl_run_histogram(rt, 0, 1, count_thirds, NULL, 3, NULL), -EINVAL);
    cr_assert_eq(fl_run_histogram(rt, 0, 1, count_thirds, counts, SIZE_MAX / 8, NULL), -EINVAL);
    cr_assert_eq(fl_run_histogram(rt, 0, 1, NULL, counts, 3, NULL), -EINVAL);
    for (int b = 0; b < 3; b++)
        cr_assert_eq(counts[b], 77);
    filch_runtime_destroy(rt);
}

/* Each index counts a histogram of its own, beside a fork of another. */
FILCH_TASK(int, count_within, (uint64_t *, counts), (uint64_t, seed))
{
    return hashes(self, 0, 2000, counts, 10, seed, 10);
}

FILCH_HISTOGRAM(fullest, i)
{
    uint64_t counts[10], again[10];
    size_t best = 0;
    FILCH_FORK(count_within, again, i);
    int rc = count_within(self, counts, i);
    FILCH_JOIN(int other, count_within);
    if (rc || other || memcmp(counts, again, sizeof counts) != 0)
        FILCH_STOP_WITH(-EBADMSG, 0);
    for (size_t b = 1; b < 10; b++)
        best = counts[b] > counts[best] ? b : best;
    return best;
}

Test(par_histogram, bodies_fork_and_count)
{
    for (unsigned k = 0; k < PAR_RUNTIMES; k++) {
        uint64_t counts[10], total = 0;
        filch_runtime *rt = par_runtime(config_workers[k]);
        cr_assert_eq(FILCH_RUN(rt, fullest, 0, 300, counts, 10), 0);
        for (int b = 0; b < 10; b++)
            total += counts[b];
        cr_assert_eq(total, 300);
        filch_runtime_destroy(rt);
    }
}
