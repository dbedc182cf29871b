/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Scans and filters to which memory is refused: their callers do all the work, and it is right. */
#include <criterion/criterion.h>
#include <filch/pack.h>
#include <filch/scan.h>
#include <tests/support/held.h>
#include <tests/support/par.h>

FILCH_SCAN(totals, long, 0, FILCH_PLUS)
FILCH_PACK(evens, long, item)
{
    return item % 2 == 0;
}

enum { N = 300000 };
static long in[N], out[N];

/* The first thing that a call asks for is memory to share it. */
static void expect_refused(unsigned w, int64_t at)
{
    int64_t refusals_now = refuse_no_more(MEMORY);
    cr_assert(refusals_now > 0 || at > 0 || par_workers[w] == 1);
}

Test(refused_passes, a_scan_without_memory_is_made_by_its_caller)
{
    for (long i = 0; i < N; i++)
        in[i] = i;
    for (unsigned w = 0; w < PAR_RUNTIMES; w++) {
        int64_t before = blocks;
        filch_runtime *rt = par_runtime(par_workers[w]);
        for (int64_t at = 0; at < 2; at++) {
            refuse(MEMORY, at, true);
            int rc = FILCH_RUN(rt, totals, in, N, out);
            expect_refused(w, at);
            cr_assert_eq(rc, 0);
            for (long i = 0; i < N; i++)
                cr_assert_eq(out[i], i * (i + 1) / 2);
        }
        runtime_holds_nothing(rt, w == 0, before);
    }
}

Test(refused_passes, a_filter_without_memory_is_made_by_its_caller)
{
    for (unsigned w = 0; w < PAR_RUNTIMES; w++) {
        int64_t before = blocks;
        filch_runtime *rt = par_runtime(par_workers[w]);
        for (int64_t at = 0; at < 2; at++) {
            size_t count = 0;
            for (long i = 0; i < N; i++)
                in[i] = i;
            refuse(MEMORY, at, true);
            int rc = FILCH_RUN(rt, evens, in, N, in, &count);
            expect_refused(w, at);
            cr_assert(rc == 0 && count == N / 2);
            for (long i = 0; i < N / 2; i++)
                cr_assert_eq(in[i], 2 * i);
        }
        runtime_holds_nothing(rt, w == 0, before);
    }
}

typedef struct large {
    long number[33];
} large;

static large later(large a, large b)
{
    return b.number[0] ? b : a;
}

static const large none;
FILCH_SCAN(last, large, none, later)

Test(refused_passes, a_scan_without_memory_for_one_large_value_says_so)
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
