/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Filters: wanted items are kept, in their order, and nothing behind them is written. */
#include <filch/find.h>
#include <tests/support/par.h>
#include <tests/support/test.h>

typedef struct five {
    uint64_t number, more[4];
} five;

typedef struct pair {
    uint64_t number, more;
} pair;

typedef struct page {
    uint64_t number;
    char more[FILCH_PACK_MOST - 8];
} page;

/* Wanted are numbers whose last byte is below a limit: 0 none, 256 all. */
#define WANTED(number, limit) ((uint8_t)(number) < (limit))
#define NUMBER(x) (x)
#define NUMBER_IN(x) ((x).number)

/* A type: how it is packed, and what its items are. */
typedef struct kind {
    size_t size;
    int (*pack)(filch_runtime *rt, const void *in, size_t n, void *out, size_t *count,
                unsigned limit);
    size_t (*plain)(const void *in, size_t n, void *out, unsigned limit);
    void (*fill)(void *items, size_t n, uint64_t *state);
} kind;

#define KIND(name, T, number)                                                                      \
    FILCH_PACK(name, T, item, (unsigned, limit))                                                   \
    {                                                                                              \
        return WANTED(number(item), limit);                                                        \
    }                                                                                              \
    static int name##_any(filch_runtime *rt, const void *in, size_t n, void *out, size_t *count,   \
                          unsigned limit)                                                          \
    {                                                                                              \
        return FILCH_RUN(rt, name, in, n, out, count, limit);                                      \
    }                                                                                              \
    static size_t name##_plain(const void *in, size_t n, void *out, unsigned limit)                \
    {                                                                                              \
        size_t count = 0;                                                                          \
        for (size_t i = 0; i < n; i++)                                                             \
            if (WANTED(number(((const T *)in)[i]), limit))                                         \
                ((T *)out)[count++] = ((const T *)in)[i];                                          \
        return count;                                                                              \
    }                                                                                              \
    static void name##_fill(void *items, size_t n, uint64_t *state)                                \
    {                                                                                              \
        memset(items, 0, n * sizeof(T));                                                           \
        for (size_t i = 0; i < n; i++)                                                             \
            number(((T *)items)[i]) = (uint32_t)par_random(state) >> 8;                            \
    }
#define ROW(name, T)                                                                               \
    {                                                                                              \
        sizeof(T), name##_any, name##_plain, name##_fill                                           \
    }

KIND(bytes, uint8_t, NUMBER)
KIND(ints, uint32_t, NUMBER)
KIND(longs, long, NUMBER)
KIND(pairs, pair, NUMBER_IN)
KIND(fives, five, NUMBER_IN)
KIND(pages, page, NUMBER_IN)
static const kind kinds[] = {ROW(bytes, uint8_t), ROW(ints, uint32_t), ROW(longs, long),
                             ROW(pairs, pair),    ROW(fives, five),    ROW(pages, page)};
enum { KINDS = sizeof kinds / sizeof kinds[0], LIMITS = 5, BEHIND = 64 };
static const unsigned limits[LIMITS] = {0, 1, 128, 250, 256};

static void expect_behind(const char *behind)
{
    for (int i = 0; i < BEHIND; i++)
        cr_assert_eq(behind[i], 'x', "byte %d behind the items was written", i);
}

/* To a place with room for what is kept, in place, and to one that begins before the items. */
static void expect_like_plain(filch_runtime *rt, const kind *k, size_t n, unsigned limit,
                              uint64_t *state)
{
    size_t bytes = n * k->size, count = SIZE_MAX, ahead = par_random(state) % 3 * k->size;
    char *in = malloc(bytes + 1), *right = malloc(bytes + 1), *both = malloc(bytes + ahead + 1);
    cr_assert(in && right && both);
    k->fill(in, n, state);
    size_t kept = k->plain(in, n, right, limit);
    char *out = malloc(kept * k->size + BEHIND);
    cr_assert(out);
    memset(out, 'x', kept * k->size + BEHIND);
    cr_assert_eq(k->pack(rt, in, n, out, &count, limit), 0);
    cr_assert_eq(count, kept);
    cr_assert_eq(memcmp(out, right, kept * k->size), 0, "%zu of %zu bytes", n, k->size);
    expect_behind(out + kept * k->size);
    memcpy(both + ahead, in, bytes);
    cr_assert_eq(k->pack(rt, both + ahead, n, both, &count, limit), 0);
    cr_assert_eq(count, kept);
    cr_assert_eq(memcmp(both, right, kept * k->size), 0, "%zu of %zu bytes in place", n, k->size);
    free(in);
    free(out);
    free(right);
    free(both);
}

Test(par_pack, filter_always_matches_plain_loop)
{
    uint64_t state = stress_seed();
    for (unsigned w = 0; w < PAR_RUNTIMES; w++) {
        filch_runtime *rt = par_runtime(config_workers[w]);
        for (unsigned k = 0; k < KINDS; k++)
            for (unsigned times = stress_times(10); times; times--) {
                size_t n = par_size(&state, kinds[k].size > 40 ? 1000 : 1000000);
                expect_like_plain(rt, &kinds[k], n, limits[times % LIMITS], &state);
            }
        filch_runtime_destroy(rt);
    }
}

Test(par_pack, long_filters_are_shared_and_right)
{
    uint64_t state = stress_seed();
    const size_t n = BUILD_TSAN || BUILD_ASAN || BUILD_TINY ? 50000 : 1000000;
    for (unsigned w = 1; w < PAR_RUNTIMES; w++) {
        filch_runtime *rt = par_runtime(config_workers[w]);
        for (unsigned l = 0; l < LIMITS; l++)
            expect_like_plain(rt, &kinds[w], n, limits[l], &state);
        filch_runtime_destroy(rt);
    }
}

/* ---- The body ---- */

FILCH_PACK(odd_and_seen, uint32_t, item, (filch_u32 *, seen))
{
    filch_u32_add(&seen[item], 1, FILCH_RELAXED);
    return item & 1;
}

Test(par_pack, body_runs_once_per_item)
{
    enum { N = 100000 };
    static uint32_t in[N], out[N / 2];
    static filch_u32 seen[N];
    for (uint32_t i = 0; i < N; i++)
        in[i] = i;
    for (unsigned w = 0; w < PAR_RUNTIMES; w++) {
        filch_runtime *rt = par_runtime(config_workers[w]);
        size_t count = 0;
        memset(seen, 0, sizeof seen);
        cr_assert_eq(FILCH_RUN(rt, odd_and_seen, in, N, out, &count, seen), 0);
        cr_assert_eq(count, N / 2);
        for (uint32_t i = 0; i < N; i++)
            cr_assert_eq(filch_u32_load(&seen[i], FILCH_RELAXED), 1);
        filch_runtime_destroy(rt);
    }
}

FILCH_TASK(unsigned, sum_to, (unsigned, n))
{
    if (n < 2)
        return n;
    FILCH_FORK(sum_to, n / 2);
    unsigned right = sum_to(self, n - n / 2);
    FILCH_JOIN(unsigned left, sum_to);
    return left + right;
}

FILCH_PACK(sums, uint32_t, item, (unsigned, divisor))
{
    return sum_to(self, item) % divisor == 0;
}

FILCH_TASK(int, sums_twice, (const uint32_t *, in), (size_t, n), (uint32_t *, out),
           (size_t *, count))
{
    FILCH_FORK(sum_to, 1000);
    int rc = sums(self, in, n, out, count, 3);
    if (!rc)
        rc = sums(self, out, *count, out, count, 5);
    FILCH_JOIN(unsigned sum, sum_to);
    return rc ? rc : sum == 1000 ? 0 : -1;
}

Test(par_pack, bodies_fork_and_filters_chain)
{
    enum { N = 6000 };
    static uint32_t in[N], out[N];
    for (uint32_t i = 0; i < N; i++)
        in[i] = i % 50;
    for (unsigned w = 0; w < PAR_RUNTIMES; w++) {
        filch_runtime *rt = par_runtime(config_workers[w]);
        size_t count = 0;
        cr_assert_eq(FILCH_RUN(rt, sums_twice, in, N, out, &count), 0);
        cr_assert_eq(count, N / 50 * 4); /* 0, 15, 30, 45 */
        for (size_t i = 0; i < count; i++)
            cr_assert_eq(out[i], 15 * (i % 4));
        filch_runtime_destroy(rt);
    }
}

FILCH_PACK(until_bad, uint32_t, item, (uint32_t, bad))
{
    if (item == bad)
        FILCH_STOP_WITH(-EIO, false);
    return true;
}

Test(par_pack, stopped_filter_keeps_old_count)
{
    enum { N = 100000 };
    static uint32_t in[N], out[N];
    uint64_t state = stress_seed();
    for (uint32_t i = 0; i < N; i++)
        in[i] = i;
    for (unsigned w = 0; w < PAR_RUNTIMES; w++) {
        filch_runtime *rt = par_runtime(config_workers[w]);
        for (unsigned times = 0; times < 10; times++) {
            size_t count = 42;
            uint32_t bad = (uint32_t)par_random(&state) % N;
            cr_assert_eq(FILCH_RUN(rt, until_bad, in, N, out, &count, bad), -EIO);
            cr_assert_eq(count, 42);
        }
        filch_runtime_destroy(rt);
    }
}

/* ---- The plain functions, and what they refuse ---- */

static int keep_vowels(filch_self self, const void *in, size_t n, void *out, size_t *kept,
                       void *vowels)
{
    size_t count = 0;
    for (size_t i = 0; i < n; i++)
        if (strchr(vowels, ((const char *)in)[i]))
            ((char *)out)[count++] = ((const char *)in)[i];
    *kept = count;
    return 0;
}

Test(par_pack, what_cannot_be_packed_is_refused)
{
    char in[] = "work stealing", out[16] = "", vowels[] = "aeiou";
    size_t n = strlen(in), count = 42;
    filch_runtime *rt = par_runtime(2);
    cr_assert_eq(fl_run_pack(rt, NULL, n, 1, out, &count, keep_vowels, vowels), -EINVAL);
    cr_assert_eq(fl_run_pack(rt, in, n, 1, NULL, &count, keep_vowels, vowels), -EINVAL);
    cr_assert_eq(fl_run_pack(rt, in, n, 1, out, NULL, keep_vowels, vowels), -EINVAL);
    cr_assert_eq(fl_run_pack(rt, in, n, 1, out, &count, NULL, vowels), -EINVAL);
    cr_assert_eq(fl_run_pack(rt, in, n, 0, out, &count, keep_vowels, vowels), -EINVAL);
    cr_assert_eq(fl_run_pack(rt, in, 1, FILCH_PACK_MOST + 1, out, &count, keep_vowels, vowels),
                 -EINVAL);
    cr_assert_eq(fl_run_pack(rt, in, SIZE_MAX / 2, 4, out, &count, keep_vowels, vowels), -EINVAL);
    cr_assert_eq(fl_run_pack(rt, in, n, 1, in + 1, &count, keep_vowels, vowels), -EINVAL);
    cr_assert(strstr(filch_error(), "overwrite"));
    cr_assert_eq(count, 42);
    cr_assert_str_eq(in, "work stealing");
    OK(fl_run_pack(rt, in, n, 1, out, &count, keep_vowels, vowels));
    cr_assert(count == 4 && !strcmp(out, "oeai"));
    OK(fl_run_pack(rt, NULL, 0, 1, NULL, &count, keep_vowels, vowels));
    cr_assert_eq(count, 0);
    filch_runtime_destroy(rt);
}

FILCH_PACK(longer_names, const char *, name, (size_t, than))
{
    return strlen(name) > than;
}

Test(par_pack, items_may_be_pointers)
{
    const char *names[] = {"Ann", "Robert", "Cy", "Catherine"};
    size_t kept = 0;
    filch_runtime *rt = par_runtime(2);
    cr_assert_eq(FILCH_RUN(rt, longer_names, names, 4, names, &kept, 3), 0);
    cr_assert_eq(kept, 2);
    cr_assert_str_eq(names[1], "Catherine");
    filch_runtime_destroy(rt);
}
