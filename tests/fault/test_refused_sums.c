/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Reductions and histograms to which memory is refused: right, or an error that says so; nothing is
 * lost. */
#include <criterion/criterion.h>
#include <filch/histogram.h>
#include <filch/reduce.h>
#include <tests/support/held.h>
#include <tests/support/par.h>

/* Too large for a frame, at any level. */
typedef struct large {
    uint64_t number[100];
} large;

static const large none;

static large plus(large a, large b)
{
    for (int k = 0; k < 100; k++)
        a.number[k] += b.number[k];
    return a;
}

FILCH_REDUCE(larges, large, none, plus, i)
{
    large value = {{1}};
    value.number[i % 100]++;
    return value;
}

FILCH_REDUCE_DETERMINISTIC(larges_fixed, large, none, plus, i)
{
    large value = {{1}};
    value.number[i % 100]++;
    return value;
}

FILCH_HISTOGRAM(hundreds, i)
{
    return i % 100;
}

enum { N = 20000 };

/* The caller asks first, unless another worker needs a fiber; helpers' requests do not matter. */
static void expect_sum(int rc, int64_t at, unsigned w, const large *out)
{
    if (at == 0 || par_workers[w] == 1)
        cr_assert_eq(rc, at ? 0 : -ENOMEM);
    cr_assert(rc == 0 || (rc == -ENOMEM && strstr(filch_error(), "memory for results of 800")));
    cr_assert_eq(out->number[0], rc ? 0 : N + N / 100);
    cr_assert_eq(out->number[99], rc ? 0 : N / 100);
}

Test(refused_sums, a_reduction_needs_memory_for_its_caller_only)
{
    setenv("FILCH_GUEST", "0", 1); /* a guest may need memory for a fiber, and do without */
    for (unsigned w = 0; w < PAR_RUNTIMES; w++) {
        int64_t before = blocks;
        filch_runtime *rt = par_runtime(par_workers[w]);
        for (int64_t at = 0; at < 4; at++) {
            large one = none, other = none;
            refuse(MEMORY, at, true);
            int rc = FILCH_RUN(rt, larges, 0, N, &one);
            refuse_no_more(MEMORY);
            expect_sum(rc, at, w, &one);
            refuse(MEMORY, at, true);
            rc = FILCH_RUN(rt, larges_fixed, 0, N, &other);
            refuse_no_more(MEMORY);
            expect_sum(rc, at, w, &other);
        }
        runtime_holds_nothing(rt, w == 0, before);
    }
}

Test(refused_sums, a_histogram_needs_none)
{
    for (unsigned w = 0; w < PAR_RUNTIMES; w++) {
        int64_t before = blocks;
        filch_runtime *rt = par_runtime(par_workers[w]);
        for (int64_t at = 0; at < 4; at++) {
            uint64_t counts[100];
            refuse(MEMORY, at, true);
            int rc = FILCH_RUN(rt, hundreds, 0, 100 * N, counts, 100);
            refuse_no_more(MEMORY);
            cr_assert_eq(rc, 0);
            for (int b = 0; b < 100; b++)
                cr_assert_eq(counts[b], N);
        }
        runtime_holds_nothing(rt, w == 0, before);
    }
}
