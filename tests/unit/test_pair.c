/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * What is said of two columns: no more than the samples say. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <tools/shared/pair.h>

static const struct pair_case {
    estimate factor;
    double p;
    pair_verdict verdict;
    const char *sentence;
} cases[] = {
    {{47.02, 45.1, 48.9}, 0.001, PAIR_BEATS, "a beats b: 47x (45.1 .. 48.9), p = 0.001"},
    {{0.5, 0.4, 0.8}, 0.05, PAIR_BEATS, "b beats a: 2x (1.25 .. 2.5), p = 0.05"},
    {{5.75, 5.75, 5.75}, 1, PAIR_LEADS, "a leads b: 5.75x (5.75 .. 5.75), p = 1.00"},
    {{0.8, 0.7, 0.9}, 0.25, PAIR_LEADS, "b leads a: 1.25x (1.11 .. 1.43), p = 0.25"},
    {{1.09, 1.002, 1.18}, 0.02, PAIR_BEATS, "a beats b: 1.09x (1.002 .. 1.18), p = 0.02"},
    {{1.001, 0.98, 1.02}, 0.9, PAIR_EQUALS, "a equals b: 1x (0.98 .. 1.02), p = 0.90"},
    {{2.25, 0.159, 4.35},
     0.5,
     PAIR_UNDECIDED,
     "a cannot be told from b: 2.25x (0.159 .. 4.35), p = 0.50"},
    {{1.1, 0.99, 1.2},
     0.04,
     PAIR_UNDECIDED,
     "a cannot be told from b: 1.1x (0.99 .. 1.2), p = 0.04"},
};

Test(pair, no_more_is_said_than_is_known)
{
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct pair_case *c = &cases[i];
        char *text = NULL;
        size_t size;
        FILE *out = open_memstream(&text, &size);
        cr_assert_not_null(out);
        pair_write("a", "b", c->factor, c->p, out);
        cr_assert_eq(fclose(out), 0);
        cr_expect_eq(pair_judge(c->factor, c->p), c->verdict, "%s", text);
        cr_expect_str_eq(text, c->sentence, "%s", text);
        free(text);
    }
}
