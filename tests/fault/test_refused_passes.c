/* SPDX-License-Identifier: MIT OR Apache-2.0
 * test: needs refusals
 *
 * Scans, filters, reductions and histograms to which memory is refused: their callers do all the work,
 * or an error says so; nothing is lost. */
#include <filch/find.h>
#include <filch/reduce.h>
#include <filch/scan.h>
#include <tests/support/par.h>
#include <tests/support/refuse.h>
#include <tests/support/test.h>

/* In runtimes of each size, whose requests from the at-th one on are refused in `call`. */
static void in_each_runtime(int64_t places, void (*call)(filch_runtime *rt, int64_t at, bool alone))
{
    for (unsigned w = 0; w < PAR_RUNTIMES; w++) {
        int64_t before = blocks;
        filch_runtime *rt = par_runtime(config_workers[w]);
        for (int64_t at = 0; at < places; at++)
            call(rt, at, config_workers[w] == 1);
        runtime_holds_nothing(rt, w == 0, before);
    }
}

/* ---- Scans and filters ---- */

FILCH_SCAN(totals, long, 0, FILCH_PLUS)
FILCH_PACK(evens, long, item)
{
    return item % 2 == 0;
}

enum { N = 300000 };
static long in[N], out[N];

static void number_items(void)
{
    for (long i = 0; i < N; i++)
        in[i] = i;
}

/* The first thing that a call asks for is memory to share it. */
static void expect_refused(int64_t at, bool alone)
{
    int64_t count = refuse_no_more(MEMORY);
    cr_assert(count > 0 || at > 0 || alone);
}

static void scan(filch_runtime *rt, int64_t at, bool alone)
{
    number_items();
    refuse(MEMORY, at, true);
    int rc = FILCH_RUN(rt, totals, in, N, out);
    expect_refused(at, alone);
    cr_assert_eq(rc, 0);
    for (long i = 0; i < N; i++)
        cr_assert_eq(out[i], i * (i + 1) / 2);
}

Test(refused_passes, its_caller_makes_a_scan)
{
    in_each_runtime(2, scan);
}

static void filter(filch_runtime *rt, int64_t at, bool alone)
{
    size_t count = 0;
    number_items();
    refuse(MEMORY, at, true);
    int rc = FILCH_RUN(rt, evens, in, N, in, &count);
    expect_refused(at, alone);
    cr_assert(rc == 0 && count == N / 2);
    for (long i = 0; i < N / 2; i++)
        cr_assert_eq(in[i], 2 * i);
}

Test(refused_passes, its_caller_makes_a_filter)
{
    in_each_runtime(2, filter);
}

/* ---- Values too large for a frame, at any level ---- */

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

static large later(large a, large b)
{
    return b.number[0] ? b : a;
}

FILCH_SCAN(last, large, none, later)

Test(refused_passes, scans_of_large_values_say_so)
{
    static large from[10] = {{{1}}}, to[10];
    filch_runtime *rt = par_runtime(2);
    refuse(MEMORY, 0, true);
    int rc = FILCH_RUN(rt, last, from, 10, to);
    refuse_no_more(MEMORY);
    cr_assert_eq(rc, -ENOMEM);
    cr_assert(strstr(filch_error(), "no memory"));
    cr_assert_eq(to[0].number[0], 0);
    cr_assert_eq(FILCH_RUN(rt, last, from, 10, to), 0);
    cr_assert_eq(to[9].number[0], 1);
    filch_runtime_destroy(rt);
}

enum { SOME = 20000 };

/* The caller asks first, unless another worker needs a fiber; helpers' requests do not matter. */
static void expect_sum(int rc, int64_t at, bool alone, const large *sum)
{
    if (at == 0 || alone)
        cr_assert_eq(rc, at ? 0 : -ENOMEM);
    cr_assert(rc == 0 || (rc == -ENOMEM && strstr(filch_error(), "memory for results of 800")));
    cr_assert_eq(sum->number[0], rc ? 0 : SOME + SOME / 100);
    cr_assert_eq(sum->number[99], rc ? 0 : SOME / 100);
}

static void reduce(filch_runtime *rt, int64_t at, bool alone)
{
    large one = none, other = none;
    refuse(MEMORY, at, true);
    int rc = FILCH_RUN(rt, larges, 0, SOME, &one);
    refuse_no_more(MEMORY);
    expect_sum(rc, at, alone, &one);
    refuse(MEMORY, at, true);
    rc = FILCH_RUN(rt, larges_fixed, 0, SOME, &other);
    refuse_no_more(MEMORY);
    expect_sum(rc, at, alone, &other);
}

Test(refused_sums, reductions_need_memory_for_their_caller)
{
    setenv("FILCH_GUEST", "0", 1); /* a guest may need memory for a fiber, and do without */
    in_each_runtime(4, reduce);
}

FILCH_HISTOGRAM(hundreds, i)
{
    return i % 100;
}

static void count(filch_runtime *rt, int64_t at, bool alone)
{
    uint64_t counts[100];
    refuse(MEMORY, at, true);
    int rc = FILCH_RUN(rt, hundreds, 0, 100 * SOME, counts, 100);
    refuse_no_more(MEMORY);
    cr_assert_eq(rc, 0);
    for (int b = 0; b < 100; b++)
        cr_assert_eq(counts[b], SOME);
}

Test(refused_sums, a_histogram_needs_none)
{
    in_each_runtime(4, count);
}
