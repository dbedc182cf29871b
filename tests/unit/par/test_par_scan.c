/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Scans: the plain loop's result, for any type, any associative operation, any number of
 * workers. */
#include <filch/scan.h>
#include <limits.h>
#include <tests/support/par.h>
#include <tests/support/test.h>

/* 2x2 matrices modulo a prime: the order matters, the grouping does not. */
typedef struct small {
    uint32_t at[4];
} small;

typedef struct wide {
    uint64_t at[4], factors;
} wide;

enum { PRIME = 65521 };

static inline small small_times(small a, small b)
{
    small c;
    for (int i = 0; i < 4; i++)
        c.at[i] =
            (a.at[i & 2] * b.at[i & 1] + a.at[(i & 2) + 1] * b.at[2 + (i & 1)] % PRIME) % PRIME;
    return c;
}

static inline wide wide_times(wide a, wide b, uint64_t prime)
{
    wide c;
    for (int i = 0; i < 4; i++)
        c.at[i] = (a.at[i & 2] * b.at[i & 1] + a.at[(i & 2) + 1] * b.at[2 + (i & 1)]) % prime;
    c.factors = a.factors + b.factors;
    return c;
}

static const small small_one = {{1, 0, 0, 1}};

/* Integers, so that sums of doubles are exact. */
#define FROM_NUMBER(T, random) ((T)((random) % 5))

static small small_random(uint64_t random)
{
    small s;
    for (int i = 0; i < 4; i++)
        s.at[i] = (uint32_t)(random >> 16 * i) % PRIME;
    return s;
}

static wide wide_random(uint64_t random)
{
    wide w = {.factors = 1};
    for (int i = 0; i < 4; i++)
        w.at[i] = (random >> 16 * i) % PRIME;
    return w;
}

/* A type and its operation: its scans, and the plain loop. */
typedef struct kind {
    size_t size;
    int (*scan)(filch_runtime *rt, const void *in, size_t n, void *out, bool exclusive);
    void (*plain)(const void *in, size_t n, void *out, bool exclusive);
    void (*fill)(void *items, size_t n, uint64_t *state);
} kind;

/* The scan's own arguments follow. */
#define KIND_FUNCTIONS(name, T, one, combine, random, scan, ...)                                   \
    static int name##_any(filch_runtime *rt, const void *in, size_t n, void *out, bool exclusive)  \
    {                                                                                              \
        return exclusive ? FILCH_RUN(rt, scan##_before, in, n, out __VA_ARGS__)                    \
                         : FILCH_RUN(rt, scan, in, n, out __VA_ARGS__);                            \
    }                                                                                              \
    static void name##_plain(const void *in, size_t n, void *out, bool exclusive)                  \
    {                                                                                              \
        T total = one;                                                                             \
        for (size_t i = 0; i < n; i++) {                                                           \
            T before = total;                                                                      \
            total = combine(total, ((const T *)in)[i]);                                            \
            ((T *)out)[i] = exclusive ? before : total;                                            \
        }                                                                                          \
    }                                                                                              \
    static void name##_fill(void *items, size_t n, uint64_t *state)                                \
    {                                                                                              \
        for (size_t i = 0; i < n; i++)                                                             \
            ((T *)items)[i] = random(par_random(state));                                           \
    }
#define KIND(name, T, one, combine, random)                                                        \
    FILCH_SCAN(name, T, one, combine)                                                              \
    FILCH_SCAN_EXCLUSIVE(name##_before, T, one, combine)                                           \
    KIND_FUNCTIONS(name, T, one, combine, random, name, )
#define ROW(name, T)                                                                               \
    {                                                                                              \
        sizeof(T), name##_any, name##_plain, name##_fill                                           \
    }

#define TO_U8(random) FROM_NUMBER(uint8_t, random)
#define TO_INT(random) FROM_NUMBER(int, random)
#define TO_LONG(random) ((long)(random))
#define TO_DOUBLE(random) FROM_NUMBER(double, random)
KIND(bytes, uint8_t, 0, FILCH_PLUS, TO_U8)
KIND(ints, int, 0, FILCH_PLUS, TO_INT)
KIND(most, long, LONG_MIN, FILCH_MAX, TO_LONG)
KIND(doubles, double, 0, FILCH_PLUS, TO_DOUBLE)
KIND(smalls, small, small_one, small_times, small_random)

static const wide wide_one = {{1, 0, 0, 1}, 0};
FILCH_SCAN(wide_modulo, wide, ((wide){{1, 0, 0, 1}, 0}), wide_times, (uint64_t, prime))
FILCH_SCAN_EXCLUSIVE(wide_modulo_before, wide, wide_one, wide_times, (uint64_t, prime))

#define WIDE_TIMES(a, b) wide_times(a, b, PRIME)
KIND_FUNCTIONS(wides, wide, wide_one, WIDE_TIMES, wide_random, wide_modulo, , PRIME)

static const kind kinds[] = {
    ROW(bytes, uint8_t),  ROW(ints, int),     ROW(most, long),
    ROW(doubles, double), ROW(smalls, small), ROW(wides, wide),
};
enum { KINDS = sizeof kinds / sizeof kinds[0] };

static void expect_like_plain(filch_runtime *rt, const kind *k, size_t n, uint64_t *state)
{
    size_t bytes = n * k->size;
    char *in = malloc(bytes + 1), *out = malloc(bytes + 1), *right = malloc(bytes + 1);
    cr_assert(in && out && right);
    k->fill(in, n, state);
    out[bytes] = 'x';
    for (int exclusive = 0; exclusive < 2; exclusive++) {
        k->plain(in, n, right, exclusive);
        cr_assert_eq(k->scan(rt, in, n, out, exclusive), 0);
        cr_assert_eq(memcmp(out, right, bytes), 0, "%zu of %zu bytes", n, k->size);
    }
    cr_assert_eq(out[bytes], 'x');
    cr_assert_eq(k->scan(rt, in, n, in, true), 0);
    cr_assert_eq(memcmp(in, right, bytes), 0, "%zu of %zu bytes in place", n, k->size);
    free(in);
    free(out);
    free(right);
}

Test(par_scan, scan_always_matches_plain_loop)
{
    uint64_t state = stress_seed();
    for (unsigned w = 0; w < PAR_RUNTIMES; w++) {
        filch_runtime *rt = par_runtime(config_workers[w]);
        for (unsigned k = 0; k < KINDS; k++)
            for (unsigned times = stress_times(5); times; times--)
                expect_like_plain(rt, &kinds[k], par_size(&state, 1000000), &state);
        filch_runtime_destroy(rt);
    }
}

Test(par_scan, long_scans_are_shared_and_right)
{
    uint64_t state = stress_seed();
    const size_t n = BUILD_TSAN || BUILD_ASAN || BUILD_TINY ? 50000 : 1000000;
    for (unsigned w = 1; w < PAR_RUNTIMES; w++) {
        filch_runtime *rt = par_runtime(config_workers[w]);
        expect_like_plain(rt, &kinds[w % KINDS], n, &state);
        expect_like_plain(rt, &kinds[4], n / 4, &state);
        filch_runtime_destroy(rt);
    }
}

/* ---- From within ---- */

FILCH_TASK(int, scan_halves, (const int *, in), (size_t, n), (int *, out))
{
    if (n < 5000)
        return ints(self, in, n, out);
    FILCH_FORK(scan_halves, in, n / 2, out);
    int right = scan_halves(self, in + n / 2, n - n / 2, out + n / 2);
    FILCH_JOIN(int left, scan_halves);
    return left ? left : right;
}

static void plain_halves(const int *in, size_t n, int *out)
{
    if (n < 5000) {
        ints_plain(in, n, out, false);
        return;
    }
    plain_halves(in, n / 2, out);
    plain_halves(in + n / 2, n - n / 2, out + n / 2);
}

FILCH_TASK(int, beside_a_fork, (const int *, in), (size_t, n), (int *, out))
{
    FILCH_FORK(scan_halves, in, n, out);
    int rc = ints(self, in, n, out + n);
    FILCH_JOIN(int other, scan_halves);
    return rc ? rc : other;
}

Test(par_scan, scans_nest_in_tasks_that_fork)
{
    enum { N = 300000 };
    static int in[N], out[2 * N], right[2 * N];
    uint64_t state = stress_seed();
    ints_fill(in, N, &state);
    plain_halves(in, N, right);
    ints_plain(in, N, right + N, false);
    for (unsigned w = 0; w < PAR_RUNTIMES; w++) {
        filch_runtime *rt = par_runtime(config_workers[w]);
        memset(out, 0, sizeof out);
        cr_assert_eq(FILCH_RUN(rt, beside_a_fork, in, N, out), 0);
        cr_assert_eq(memcmp(out, right, sizeof out), 0);
        filch_runtime_destroy(rt);
    }
}

/* ---- The plain functions ---- */

/* Strings of `size` bytes; the operation keeps the last one: large values, no identity but "". */
typedef struct text {
    size_t size;
} text;

static void text_make(void *context, void *sum)
{
    memset(sum, 0, ((text *)context)->size);
}

static void text_sum(const void *in, size_t n, void *context, void *sum)
{
    size_t size = ((text *)context)->size;
    for (size_t i = 0; i < n; i++)
        if (((const char *)in)[i * size])
            memcpy(sum, (const char *)in + i * size, size);
}

static void text_scan(const void *in, size_t n, void *out, void *context, void *sum)
{
    size_t size = ((text *)context)->size;
    for (size_t i = 0; i < n; i++) {
        text_sum((const char *)in + i * size, 1, context, sum);
        memcpy((char *)out + i * size, sum, size);
    }
}

Test(par_scan, values_may_be_of_any_size)
{
    static const size_t sizes[] = {1, 3, 256, 257, 5000};
    uint64_t state = stress_seed();
    filch_runtime *rt = par_runtime(8);
    for (unsigned k = 0; k < 5; k++) {
        text context = {sizes[k]};
        const filch_scanning how = {sizes[k], text_make, text_sum, text_scan};
        size_t n = (BUILD_ASAN || BUILD_TSAN ? 300000 : 3000000) / sizes[k];
        char *in = calloc(n, sizes[k]), *out = calloc(n, sizes[k]);
        cr_assert(in && out);
        for (size_t i = 0; i < n; i++)
            in[i * sizes[k]] = (char)(par_random(&state) % 10 ? 0 : 1 + i % 100);
        OK(filch_run_scan(rt, in, n, out, &how, &context));
        char last = 0;
        for (size_t i = 0; i < n; i++) {
            last = in[i * sizes[k]] ? in[i * sizes[k]] : last;
            cr_assert_eq(out[i * sizes[k]], last, "item %zu of %zu bytes", i, sizes[k]);
        }
        free(in);
        free(out);
    }
    filch_runtime_destroy(rt);
}

/* ---- What is refused ---- */

Test(par_scan, invalid_scan_leaves_output_alone)
{
    long in[4] = {1, 2, 3, 4}, out[8] = {0};
    const filch_scanning *how = &most_scanning;
    filch_runtime *rt = par_runtime(2);
    cr_assert_eq(FILCH_RUN(rt, most, NULL, 4, out), -EINVAL);
    cr_assert_eq(FILCH_RUN(rt, most, in, 4, NULL), -EINVAL);
    cr_assert_eq(FILCH_RUN(rt, most, in, SIZE_MAX / 8, out), -EINVAL);
    cr_assert_eq(FILCH_RUN(rt, most, out, 4, out + 1), -EINVAL);
    cr_assert(strstr(filch_error(), "overlap"));
    cr_assert_eq(FILCH_RUN(rt, most, out + 3, 4, out), -EINVAL);
    cr_assert_eq(filch_run_scan(rt, in, 4, out, NULL, NULL), -EINVAL);
    for (unsigned k = 0; k < 4; k++) {
        filch_scanning lacks = *how;
        if (k == 0)
            lacks.size = 0;
        else if (k == 1)
            lacks.make = NULL;
        else if (k == 2)
            lacks.sum = NULL;
        else
            lacks.scan = NULL;
        cr_assert_eq(filch_run_scan(rt, in, 4, out, &lacks, NULL), -EINVAL);
    }
    for (unsigned i = 0; i < 8; i++)
        cr_assert_eq(out[i], 0);
    cr_assert_eq(FILCH_RUN(rt, most, out, 4, out + 4), 0);
    cr_assert_eq(FILCH_RUN(rt, most, NULL, 0, NULL), 0);
    filch_runtime_destroy(rt);
}

FILCH_TASK(int, from_within, (filch_runtime *, rt), (const long *, in), (long *, out))
{
    int rc = FILCH_RUN(rt, most, in, 4, out);
    return rc == -EDEADLK ? most(self, in, 4, out) : -1;
}

Test(par_scan, task_is_advised_to_pass_self)
{
    const long in[4] = {1, 4, 2, 3};
    long out[4];
    filch_runtime *rt = par_runtime(2);
    cr_assert_eq(FILCH_RUN(rt, from_within, rt, in, out), 0);
    cr_assert(out[0] == 1 && out[3] == 4);
    filch_runtime_destroy(rt);
}

#define LONGER(a, b) ((b) && (!(a) || strlen(b) > strlen(a)) ? (b) : (a))
FILCH_SCAN(longest, const char *, NULL, LONGER)

Test(par_scan, items_may_be_pointers)
{
    const char *names[] = {"Ann", "Robert", "Cy", "Catherine"};
    filch_runtime *rt = par_runtime(2);
    cr_assert_eq(FILCH_RUN(rt, longest, names, 4, names), 0);
    cr_assert_str_eq(names[2], "Robert");
    cr_assert_str_eq(names[3], "Catherine");
    filch_runtime_destroy(rt);
}
