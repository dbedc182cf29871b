/* SPDX-License-Identifier: MIT OR Apache-2.0
 * test: absent in tsan (one thread); needs filch_compare_parts
 *
 * The conclusions of filch compare, from made-up results. Their noise is that of real runs: each run has a level of
 * its own, samples are skewed, and now and then something came between. */
#include <math.h>
#include <tests/support/test.h>
#include <tools/compare/compare.h>
#include <tools/shared/random.h>

enum { ROWS = 6, SAMPLES = 21, MOST_SAMPLES = 40 };

static double bell(uint64_t *random)
{
    double sum = -6;
    for (int i = 0; i < 12; i++)
        sum += random_share(random);
    return sum;
}

static double values[2][ROWS][MOST_SAMPLES];
static result_row rows[2][ROWS];
static double scatter = 0.01; /* of the samples of a run */

/* A run of rows in which the time of `slow` is so many times as long. */
static result made(int side, size_t row_count, size_t count, int slow, double times,
                   uint64_t *random)
{
    static const char *const columns[ROWS] = {"a", "b", "c", "d", "e", "f"};
    for (size_t i = 0; i < row_count; i++) {
        double level = exp(0.004 * bell(random)) * ((int)i == slow ? times : 1);
        for (size_t k = 0; k < count; k++) {
            double value = level * exp(scatter * bell(random));
            values[side][i][k] =
                random_below(random, 15) ? value : value * (1 + random_share(random));
        }
        rows[side][i] = (result_row){.kernel = "fib",
                                     .label = "fib(30)",
                                     .size = "quick",
                                     .answer = "832040",
                                     .column = columns[i],
                                     .queue = "q",
                                     .policy = "",
                                     .error = "",
                                     .workers = 1,
                                     .values = values[side][i],
                                     .count = count};
    }
    return (result){.path = side ? "new" : "old", .rows = rows[side], .row_count = row_count};
}

static compare_options options = {.path_count = 2,
                                  .threshold = 0.03,
                                  .figures = {"seconds", false}};

static compare_report judged(result old, result new)
{
    compare_report r = {.options = &options, .results = {old, new}};
    cr_assert(compare_judge(&r) == 0);
    return r;
}

static void drop(compare_report *r)
{
    free(r->changes);
    free(r->pairs);
}

/* How many of 40 comparisons of all rows find a row of which one is so many times as slow. */
static int found_in_40(double times)
{
    uint64_t random = 11;
    int found = 0;
    for (int i = 0; i < 40; i++) {
        result old = made(0, ROWS, SAMPLES, -1, 1, &random);
        compare_report r = judged(old, made(1, ROWS, SAMPLES, 4, times, &random));
        found += r.counts[COMPARE_SLOWER] + r.counts[COMPARE_FASTER] > 0;
        drop(&r);
    }
    return found;
}

Test(compare, equal_runs_rarely_differ)
{
    int found = found_in_40(1);
    cr_expect(found <= 2, "%d of 40", found);
}

/* Where medians differ by more than the threshold all the time. */
Test(compare, equal_noisy_runs_rarely_differ)
{
    scatter = 0.1;
    int found = found_in_40(1);
    cr_expect(found <= 2, "%d of 40", found);
    scatter = 0.01;
}

Test(compare, five_percent_change_is_usually_found)
{
    int found = found_in_40(1.05);
    cr_expect(found >= 38, "%d of 40", found);
}

/* Half of the samples 10 % above the other half: which half has the median is chance, though the ranks of the new ones are
 * higher, and their median is 10 % above the old one. */
Test(compare, bimodal_median_change_is_uncertain)
{
    uint64_t random = 1;
    result old = made(0, 1, SAMPLES, -1, 1, &random), new = made(1, 1, SAMPLES, -1, 1, &random);
    for (int i = 0; i < SAMPLES; i++) {
        values[0][0][i] = i <= SAMPLES / 2 ? 1 : 1.1;
        values[1][0][i] = i < SAMPLES / 2 ? 1.001 : 1.101;
    }
    compare_report r = judged(old, new);
    cr_expect(r.changes[0].quotient.median > 1.09 && r.changes[0].p < 0.05);
    cr_expect(r.changes[0].verdict == COMPARE_SAME);
    drop(&r);
}

/* Nobody asks what is certain but small. */
Test(compare, change_below_threshold_is_ignored)
{
    uint64_t random = 1;
    result old = made(0, 1, MOST_SAMPLES, -1, 1, &random);
    compare_report r = judged(old, made(1, 1, MOST_SAMPLES, 0, 1.02, &random));
    cr_expect(differs_from_one(r.changes[0].quotient) && r.changes[0].p < 0.05);
    cr_expect(r.changes[0].verdict == COMPARE_SAME && compare_status(&r) == 0);
    drop(&r);
}

Test(compare, faster_counts_if_one_asks)
{
    uint64_t random = 1;
    result old = made(0, 3, SAMPLES, 1, 1.2, &random);
    compare_report r = judged(old, made(1, 3, SAMPLES, -1, 1, &random));
    cr_expect(r.changes[1].verdict == COMPARE_FASTER && r.counts[COMPARE_FASTER] == 1);
    cr_expect(compare_status(&r) == 0);
    compare_options either = options;
    either.either = true;
    r.options = &either;
    cr_expect(compare_status(&r) == 1);
    drop(&r);
}

/* Three against three that do not overlap are chance once in ten. */
Test(compare, few_samples_are_no_verdict)
{
    uint64_t random = 1;
    result old = made(0, 2, 3, -1, 1, &random);
    compare_report r = judged(old, made(1, 2, 3, 0, 10, &random));
    cr_expect(r.counts[COMPARE_FEW] == 2 && compare_status(&r) == 2);
    drop(&r);
}

Test(compare, incomparable_rows_have_no_figures)
{
    uint64_t random = 1;
    result old = made(0, 6, SAMPLES, -1, 1, &random), new = made(1, 6, SAMPLES, -1, 1, &random);
    rows[0][0].column = "gone";
    rows[0][1].error = "crashed";
    rows[1][2].error = "crashed";
    rows[1][3].answer = "another";
    rows[1][4].workers = 2;
    compare_report r = judged(old, new);
    static const compare_verdict expected[] = {COMPARE_ONLY_NEW, COMPARE_NONE,     COMPARE_FAILED,
                                               COMPARE_OTHER,    COMPARE_ONLY_NEW, COMPARE_SAME,
                                               COMPARE_ONLY_OLD, COMPARE_ONLY_OLD};
    cr_assert(r.change_count == 8);
    for (int i = 0; i < 8; i++)
        cr_expect(r.changes[i].verdict == expected[i], "%d: %s", i,
                  compare_verdict_names[r.changes[i].verdict]);
    cr_expect(r.compared == 1 && compare_status(&r) == 1);
    drop(&r);
}

Test(compare, same_run_pairs_compare_by_round)
{
    uint64_t random = 1;
    result one = made(0, 4, SAMPLES, -1, 1, &random);
    rows[0][0].serial = true;
    rows[0][3].workers = 2;
    for (int k = 0; k < SAMPLES; k++) { /* each round as slow as can be, for both alike */
        values[0][1][k] = 1 << k;
        values[0][2][k] = 2 << k;
    }
    options.path_count = 1;
    compare_report r = judged(one, (result){.path = ""});
    cr_assert(r.pair_count == 4, "serial and each; the second and the third");
    const compare_pair *pair = &r.pairs[3];
    cr_expect(pair->first == &rows[0][1] && pair->other == &rows[0][2]);
    cr_expect(fabs(pair->figures.factor.low - 2) < 1e-9 &&
              fabs(pair->figures.factor.high - 2) < 1e-9);
    cr_expect(fabs(pair->figures.p - 2. / (1 << 21)) < 1e-12);
    options.path_count = 2;
    drop(&r);
}

/* A row that was disturbed, and one that the other file has not, are shown, and are no reason. */
Test(compare, disturbed_and_unmatched_rows_are_excluded)
{
    uint64_t random = 1;
    result old = made(0, 2, SAMPLES, -1, 1, &random), new = made(1, 3, SAMPLES, 0, 2, &random);
    rows[1][0].spoilt = true;
    compare_report r = judged(old, new);
    cr_expect(r.changes[0].verdict == COMPARE_DISTURBED && r.changes[0].quotient.median > 1.9);
    cr_expect(r.changes[1].verdict == COMPARE_SAME && r.changes[2].verdict == COMPARE_ONLY_NEW);
    cr_expect(r.compared == 1 && compare_status(&r) == 0);
    drop(&r);
    rows[1][0].spoilt = false;
    r = judged(old, new);
    cr_expect(compare_status(&r) == 1, "undisturbed, it counts");
    drop(&r);
}
