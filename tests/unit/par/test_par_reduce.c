/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Reductions: the plain loop's result, in the order of the range, of any type; the same bits
 * regardless of the helpers; stops. The plain functions are in test_par_reduce_plain.c. */
#include <filch/reduce.h>
#include <tests/support/par.h>
#include <tests/support/tasks.h>
#include <tests/support/test.h>

/* 2x2 matrices modulo a prime: the order matters, the grouping does not. */
typedef struct matrix {
    uint32_t at[4];
} matrix;

/* Texts joined together, as their hash: the same. */
typedef struct text {
    uint64_t hash, power;
} text;

/* Sums that do not fit a frame of the library: a text, and sums. */
typedef struct page {
    text text;
    uint64_t sums[126];
} page;

enum { PRIME = 65521 };

static uint64_t number(uint64_t seed, size_t i)
{
    return stress_mix(seed + i);
}

static matrix matrix_of(uint64_t seed, size_t i)
{
    uint64_t random = number(seed, i);
    matrix m;
    for (int k = 0; k < 4; k++)
        m.at[k] = (uint32_t)(random >> 16 * k) % PRIME;
    return m;
}

static inline matrix times(matrix a, matrix b)
{
    matrix c;
    for (int k = 0; k < 4; k++)
        c.at[k] =
            (a.at[k & 2] * b.at[k & 1] + a.at[(k & 2) + 1] * b.at[2 + (k & 1)] % PRIME) % PRIME;
    return c;
}

static text letter(uint64_t seed, size_t i)
{
    return (text){number(seed, i), 1000003};
}

static inline text joined(text a, text b)
{
    return (text){a.hash * b.power + b.hash, a.power * b.power};
}

static page page_of(uint64_t seed, size_t i)
{
    page p = {.text = letter(seed, i)};
    p.sums[i % 126] = i;
    return p;
}

static page bound(page a, page b)
{
    a.text = joined(a.text, b.text);
    for (int k = 0; k < 126; k++)
        a.sums[k] += b.sums[k];
    return a;
}

static const page empty_page = {{0, 1}, {0}};
#define EMPTY_TEXT                                                                                 \
    {                                                                                              \
        0, 1                                                                                       \
    }
#define FILCH_XOR(a, b) ((a) ^ (b))
#define SHORT_OF(seed, i) ((uint16_t)number(seed, i))
#define DOUBLE_OF(seed, i) ((double)number(seed, i))

/* Both forms of a reduction, and whether they give what the plain loop gives. */
#define KIND(name, R, identity, combine, value_of)                                                 \
    FILCH_REDUCE(name, R, identity, combine, i, (uint64_t, seed))                                  \
    {                                                                                              \
        return value_of(seed, i);                                                                  \
    }                                                                                              \
    FILCH_REDUCE_DETERMINISTIC(name##_fixed, R, identity, combine, i, (uint64_t, seed))            \
    {                                                                                              \
        return value_of(seed, i);                                                                  \
    }                                                                                              \
    static void name##_agrees(filch_runtime *rt, size_t n, uint64_t seed)                          \
    {                                                                                              \
        R plain = identity, one, other;                                                            \
        size_t begin = (size_t)seed % 1000;                                                        \
        for (size_t i = begin; i < begin + n; i++) {                                               \
            R value = value_of(seed, i);                                                           \
            plain = combine(plain, value);                                                         \
        }                                                                                          \
        cr_assert_eq(FILCH_RUN(rt, name, begin, begin + n, &one, seed), 0);                        \
        cr_assert_eq(FILCH_RUN(rt, name##_fixed, begin, begin + n, &other, seed), 0);              \
        cr_assert_eq(memcmp(&plain, &one, sizeof one), 0, #name " of %zu", n);                     \
        cr_assert_eq(memcmp(&plain, &other, sizeof other), 0, #name "_fixed of %zu", n);           \
    }

KIND(sums, uint64_t, 0, FILCH_PLUS, number)
KIND(shorts, uint16_t, 0, FILCH_XOR, SHORT_OF)
KIND(least, double, 1e30, FILCH_MIN, DOUBLE_OF)
KIND(matrices, matrix, ((matrix){{1, 0, 0, 1}}), times, matrix_of)
KIND(texts, text, ((text)EMPTY_TEXT), joined, letter)
KIND(pages, page, empty_page, bound, page_of)

Test(par_reduce, results_match_plain_loop)
{
    static void (*const kinds[])(filch_runtime *, size_t,
                                 uint64_t) = {sums_agrees,     shorts_agrees, least_agrees,
                                              matrices_agrees, texts_agrees,  pages_agrees};
    static const size_t most[] = {1000000, 1000000, 1000000, 300000, 300000, 10000};
    uint64_t state = stress_seed();
    for (unsigned k = 0; k < PAR_RUNTIMES; k++) {
        filch_runtime *rt = par_runtime(config_workers[k]);
        for (unsigned times_left = stress_times(40); times_left; times_left--)
            for (unsigned kind = 0; kind < sizeof kinds / sizeof *kinds; kind++)
                kinds[kind](rt, par_size(&state, most[kind]), par_random(&state));
        for (size_t n = 0; n < 40; n++)
            for (unsigned kind = 0; kind < sizeof kinds / sizeof *kinds; kind++)
                kinds[kind](rt, n, n);
        filch_runtime_destroy(rt);
    }
}

/* ---- The same bits ---- */

static double any_double(uint64_t seed, size_t i)
{
    uint64_t random = number(seed, i);
    return (double)(random % 1000003) / (double)(1 + (random >> 40)) - 0.5;
}

FILCH_REDUCE_DETERMINISTIC(fixed_sum, double, 0.0, FILCH_PLUS, i, (uint64_t, seed), (size_t, begin))
{
    return any_double(seed, i - begin);
}

FILCH_REDUCE_DETERMINISTIC(slow_sum, double, 0.0, FILCH_PLUS, i, (uint64_t, seed), (size_t, begin))
{
    stress_dawdle(number(~seed, i));
    return any_double(seed, i - begin);
}

/* As the header of reduce.h defines it. */
static double tree(uint64_t seed, size_t i, size_t j)
{
    if (j - i == 1)
        return any_double(seed, i);
    size_t half = 1;
    while (half * 2 < j - i)
        half *= 2;
    double left = tree(seed, i, i + half);
    return left + tree(seed, i + half, j);
}

FILCH_TASK(int, same_from_a_task, (double *, out), (size_t, n), (uint64_t, seed))
{
    return slow_sum(self, 0, n, out, seed, 0);
}

static void expect_bits(double found, double wanted, size_t n)
{
    cr_assert_eq(memcmp(&found, &wanted, sizeof found), 0, "%zu doubles: %a, not %a", n, found,
                 wanted);
}

Test(par_reduce, deterministic_sums_ignore_worker_count)
{
    uint64_t state = stress_seed();
    filch_runtime *rts[PAR_RUNTIMES];
    for (unsigned k = 0; k < PAR_RUNTIMES; k++)
        rts[k] = par_runtime(config_workers[k]);
    for (unsigned times_left = stress_times(30); times_left; times_left--) {
        size_t n = 1 + par_size(&state, 300000), shift = par_random(&state) % 100;
        uint64_t seed = par_random(&state);
        double wanted = tree(seed, 0, n), found = 0;
        for (unsigned k = 0; k < PAR_RUNTIMES; k++) {
            cr_assert_eq(FILCH_RUN(rts[k], fixed_sum, shift, shift + n, &found, seed, shift), 0);
            expect_bits(found, wanted, n);
            cr_assert_eq(FILCH_RUN(rts[k], same_from_a_task, &found, n, seed), 0);
            expect_bits(found, wanted, n);
        }
    }
    for (unsigned k = 0; k < PAR_RUNTIMES; k++)
        filch_runtime_destroy(rts[k]);
}

/* ---- Sharing ---- */

static void spin(filch_u32 *until)
{
    WAIT_WHILE(!filch_u32_load(until, FILCH_ACQUIRE));
}

/* Index 1 continues when another worker has reached index 2 or 3. By index 0 the loop knows that it
 * is worth sharing. */
static long wait_for_a_helper(size_t i, filch_u32 *came)
{
    for (volatile int k = i ? 0 : 1000000; k; k--)
        ;
    if (i >= 2)
        filch_u32_store(came, 1, FILCH_RELEASE);
    if (i == 1)
        spin(came);
    return (long)i;
}

FILCH_REDUCE(few, long, 0, FILCH_PLUS, i, (filch_u32 *, came))
{
    return wait_for_a_helper(i, came);
}

FILCH_REDUCE_DETERMINISTIC(few_fixed, long, 0, FILCH_PLUS, i, (filch_u32 *, came))
{
    return wait_for_a_helper(i, came);
}

Test(par_reduce, few_long_iterations_are_shared)
{
    filch_runtime *rt = par_runtime(2);
    filch_u32 came = {0};
    long sum = 0;
    cr_assert_eq(FILCH_RUN(rt, few, 0, 4, &sum, &came), 0);
    cr_assert_eq(sum, 6);
    filch_u32_store(&came, 0, FILCH_RELAXED);
    cr_assert_eq(FILCH_RUN(rt, few_fixed, 0, 4, &sum, &came), 0);
    cr_assert_eq(sum, 6);
    filch_runtime_destroy(rt);
}

/* ---- Stops, ends, nests ---- */

FILCH_REDUCE(stops, int, 0, FILCH_PLUS, i, (size_t, at))
{
    if (i >= at)
        FILCH_STOP_WITH(-EIO, 0);
    return 1;
}

FILCH_REDUCE_DETERMINISTIC(stops_fixed, int, 0, FILCH_PLUS, i, (size_t, at))
{
    if (i >= at)
        FILCH_STOP_WITH(-EIO, 0);
    return 1;
}

FILCH_REDUCE_DETERMINISTIC(pages_stop, page, empty_page, bound, i, (size_t, at))
{
    if (i == at)
        FILCH_STOP_WITH(7, empty_page);
    return page_of(1, i);
}

Test(par_reduce, a_stop_leaves_the_result_alone)
{
    for (unsigned k = 0; k < PAR_RUNTIMES; k++) {
        filch_runtime *rt = par_runtime(config_workers[k]);
        int out = 77;
        page large = {.text = {1, 2}};
        for (size_t at = 0; at < 100000; at = at * 3 + 1) {
            cr_assert_eq(FILCH_RUN(rt, stops, 0, 100000, &out, at), -EIO);
            cr_assert_eq(FILCH_RUN(rt, stops_fixed, 0, 100000, &out, at), -EIO);
            cr_assert_eq(out, 77);
        }
        cr_assert_eq(FILCH_RUN(rt, pages_stop, 0, 5000, &large, 4999), 7);
        cr_assert(large.text.hash == 1 && large.text.power == 2);
        cr_assert_eq(FILCH_RUN(rt, stops, 0, SIZE_MAX, &out, 1000000), -EIO);
        cr_assert_eq(FILCH_RUN(rt, stops_fixed, 1, SIZE_MAX, &out, 1000000), -EIO);
        cr_assert_eq(out, 77);
        filch_runtime_destroy(rt);
    }
}

FILCH_REDUCE(indices, size_t, 0, FILCH_PLUS, i, (size_t, begin))
{
    return i - begin;
}

FILCH_REDUCE_DETERMINISTIC(indices_fixed, size_t, 0, FILCH_PLUS, i, (size_t, begin))
{
    return i - begin;
}

Test(par_reduce, ranges_may_end_at_largest_index)
{
    filch_runtime *rt = par_runtime(2);
    for (size_t n = 0; n < 100000; n = n * 3 + 1) {
        size_t out = 77, begin = SIZE_MAX - n, sum = n ? n * (n - 1) / 2 : 0;
        cr_assert_eq(FILCH_RUN(rt, indices, begin, SIZE_MAX, &out, begin), 0);
        cr_assert_eq(out, sum);
        cr_assert_eq(FILCH_RUN(rt, indices_fixed, begin, SIZE_MAX, &out, begin), 0);
        cr_assert_eq(out, sum);
    }
    filch_runtime_destroy(rt);
}

/* Each row is a reduction beside a fork; the rows are one, too. */
FILCH_VOID_TASK(row_sum, (size_t, wide), (size_t *, out))
{
    if (indices(self, 0, wide, out, 0))
        *out = 0;
}

FILCH_REDUCE(rows, size_t, 0, FILCH_PLUS, i, (size_t, wide))
{
    size_t one = 0, other = 0;
    FILCH_FORK(row_sum, wide + i, &other);
    int rc = indices_fixed(self, 0, wide, &one, 0);
    FILCH_JOIN_VOID(row_sum);
    if (rc)
        FILCH_STOP_WITH(rc, 0);
    return one + other;
}

FILCH_REDUCE_DETERMINISTIC(rows_fixed, size_t, 0, FILCH_PLUS, i, (size_t, wide))
{
    size_t out = 0;
    int rc = rows(self, i, i + 1, &out, wide);
    if (rc)
        FILCH_STOP_WITH(rc, 0);
    return out;
}

Test(par_reduce, bodies_fork_and_reduce)
{
    enum { HIGH = 60, WIDE = 3000 };
    size_t wanted = 0;
    for (size_t i = 0; i < HIGH; i++)
        wanted += WIDE * (WIDE - 1) / 2 + (WIDE + i) * (WIDE + i - 1) / 2;
    for (unsigned k = 0; k < PAR_RUNTIMES; k++) {
        filch_runtime *rt = par_runtime(config_workers[k]);
        size_t out = 0;
        cr_assert_eq(FILCH_RUN(rt, rows, 0, HIGH, &out, WIDE), 0);
        cr_assert_eq(out, wanted);
        out = 0;
        cr_assert_eq(FILCH_RUN(rt, rows_fixed, 0, HIGH, &out, WIDE), 0);
        cr_assert_eq(out, wanted);
        filch_runtime_destroy(rt);
    }
}

FILCH_TASK(int, from_within, (filch_runtime *, rt), (size_t *, out))
{
    int rc = FILCH_RUN(rt, indices, 0, 10, out, 0);
    return rc == -EDEADLK ? indices(self, 0, 10, out, 0) : -EBADMSG;
}

Test(par_reduce, task_is_advised_to_pass_self)
{
    size_t out = 0;
    filch_runtime *rt = par_runtime(2);
    cr_assert_eq(FILCH_RUN(rt, from_within, rt, &out), 0);
    cr_assert_eq(out, 45);
    filch_runtime_destroy(rt);
}
