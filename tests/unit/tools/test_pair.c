/* SPDX-License-Identifier: MIT OR Apache-2.0
 * test: absent in tsan (one thread); needs filch_shared_parts
 *
 * Verdicts on two columns: no more than the samples show. */
#include <math.h>
#include <tests/support/test.h>
#include <tools/shared/pair.h>
#include <tools/shared/random.h>
#include <tools/shared/ranks.h>

static const struct pair_case {
    pair_figures figures;
    pair_verdict verdict;
    const char *sentence;
} cases[] = {
    {{{47.02, 45.1, 48.9}, 0.001, 11},
     PAIR_FASTER,
     "a vs b: 47x faster (95 % CI 45.1-48.9, p = 0.001)"},
    {{{0.5, 0.4, 0.8}, 0.02, 8}, PAIR_SLOWER, "a vs b: 2x slower (95 % CI 1.25-2.5, p = 0.02)"},
    {{{1.09, 1.002, 1.18}, 0.02, 8},
     PAIR_FASTER,
     "a vs b: 1.09x faster (95 % CI 1.002-1.18, p = 0.02)"},
    {{{5.75, 5.75, 5.75}, 0.25, 3},
     PAIR_FEW,
     "a vs b: no verdict from 3 rounds (5.75x, range 5.75-5.75, p = 0.25)"},
    {{{5.75, 5.7, 5.8}, 0.016, 7},
     PAIR_FEW,
     "a vs b: no verdict from 7 rounds (5.75x, 95 % CI 5.7-5.8, p = 0.02)"},
    {{{1.001, 0.98, 1.02}, 0.9, 8},
     PAIR_EQUAL,
     "a vs b: equal within 3 % (1x, 95 % CI 0.98-1.02, p = 0.90)"},
    {{{1.02, 1.015, 1.025}, 0.001, 11},
     PAIR_EQUAL,
     "a vs b: equal within 3 % (1.02x, 95 % CI 1.01-1.02, p = 0.001)"},
    {{{0.806, 0.735, 1.29}, 0.75, 8},
     PAIR_UNDECIDED,
     "a vs b: no significant difference (0.806x, 95 % CI 0.735-1.29, p = 0.75)"},
    {{{1.2, 1.1, 1.3}, 0.021, 8},
     PAIR_UNDECIDED,
     "a vs b: no significant difference (1.2x, 95 % CI 1.1-1.3, p = 0.02)"},
};

Test(pair, verdict_claims_only_known_facts)
{
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct pair_case *c = &cases[i];
        char *text = NULL;
        size_t size;
        FILE *out = open_memstream(&text, &size);
        cr_assert_not_null(out);
        pair_write("a", "b", &c->figures, 0.02, out);
        cr_assert_eq(fclose(out), 0);
        cr_expect_eq(pair_judge(&c->figures, 0.02), c->verdict, "%s", text);
        cr_expect_str_eq(text, c->sentence, "%s", text);
        free(text);
    }
}

/* Benjamini and Hochberg's own kind of list: the k-th smallest counts up to k / count of 2 %. */
Test(pair, cutoff_depends_on_number_of_differences)
{
    double one[] = {0.019}, many[] = {0.5, 0.004, 0.009, 0.9, 0.6}, none[] = {0.5, 0.02, 0.03};
    cr_expect_eq(pair_cutoff(one, 1), 0.019);
    cr_expect_eq(pair_cutoff(many, 5), 0.004, "0.009 is above 2/5 of 2 %%");
    cr_expect_float_eq(pair_cutoff(none, 3), 0.02 / 3, 1e-12);
    cr_expect_float_eq(pair_cutoff(none, 0), 0.02, 1e-12);
}

enum { REPORTS = 60, PAIRS = 12, ROUNDS = 8 };

static double bell(uint64_t *random)
{
    double sum = -6;
    for (int i = 0; i < 12; i++)
        sum += random_share(random);
    return sum;
}

/* The time of one sample: each round has a level of its own, samples are skewed, and now and then
 * another program came between. */
static double sample_at(double level, uint64_t *random)
{
    double value = level * exp(0.05 * bell(random));
    return random_below(random, 10) ? value : value * (1 + random_share(random));
}

/* How many of all pairs are named, of which the other column takes so many times as long. */
static int named_of_all(double times)
{
    uint64_t random = 5;
    int named = 0;
    for (int report = 0; report < REPORTS; report++) {
        pair_figures figures[PAIRS];
        double p[PAIRS];
        for (int i = 0; i < PAIRS; i++) {
            double first[ROUNDS], other[ROUNDS];
            for (int k = 0; k < ROUNDS; k++) {
                double level = exp(0.1 * bell(&random));
                first[k] = sample_at(level, &random);
                other[k] = sample_at(times * level, &random);
            }
            p[i] = p_of_pairs(other, first, ROUNDS);
            figures[i] = (pair_figures){estimate_of_ratio(other, first, ROUNDS), p[i], ROUNDS};
        }
        double cutoff = pair_cutoff(p, PAIRS);
        for (int i = 0; i < PAIRS; i++) {
            pair_verdict verdict = pair_judge(&figures[i], cutoff);
            named += verdict == PAIR_FASTER || verdict == PAIR_SLOWER;
        }
    }
    return named;
}

Test(pair, equal_columns_are_rarely_named)
{
    int named = named_of_all(1);
    cr_expect(named * 50 <= REPORTS * PAIRS, "%d of %d", named, REPORTS * PAIRS);
}

Test(pair, columns_that_differ_are_named)
{
    int named = named_of_all(1.5);
    cr_expect(named * 10 >= REPORTS * PAIRS * 8, "%d of %d", named, REPORTS * PAIRS);
}
