/* SPDX-License-Identifier: MIT OR Apache-2.0
 * test: compile -O1 in release (its templates take seconds more by -O2)
 *
 * The radix sort: every item is kept, in the order of its key, equal ones as they came; for any
 * kind of key, distribution, size of items and number of workers. */
#include <filch/sort.h>
#include <float.h>
#include <math.h>
#include <stddef.h>
#include <tests/support/par.h>
#include <tests/support/test.h>

/* ---- All kinds of keys, distributed in all ways ---- */

enum shape { ANY = ITEM_SHAPES, LOW_BYTE, ONE_BUCKET, ALL_SIZES, OUTLIER, STAIRS, SHAPES };

/* Orders of <tests/support/par.h>, and what radix sorts like less. */
static uint64_t bits_of(unsigned shape, size_t i, size_t n, uint64_t *state)
{
    const uint64_t random = par_random(state);
    switch (shape) {
    case ANY:
        return random;
    case LOW_BYTE:
        return UINT64_C(0x1234567812345600) | random % 256;
    case ONE_BUCKET:
        return random % 100 ? random >> 48 : random;
    case ALL_SIZES:
        return random >> par_random(state) % 64;
    case OUTLIER:
        return i == n / 2 ? UINT64_MAX : i;
    case STAIRS: /* in each part of a large one, all are equal */
        return 3 - i * 4 / n;
    default:
        return (uint64_t)item_key(shape, i, n, state);
    }
}

#define FROM_BITS(T, bits) ((T)(bits))
/* Small and large ones; of half of them only the lowest digits matter. */
#define FROM_REAL(T, bits)                                                                         \
    ((T)(int64_t)(bits) * ((bits)&1 ? (T)1 : (T)1e-30) + ((bits) % 97 ? (T)0 : (T)INFINITY))

typedef struct kind {
    const char *name;
    size_t size, offset, bytes;
    filch_radix_kind kind;
    void (*fill)(void *items, size_t n, unsigned shape, uint64_t *state);
    int (*typed)(filch_runtime *rt, void *items, size_t n);
    size_t (*disorder)(const void *items, size_t n); /* the index of the first one out of order */
} kind;

#define KEY_OF(item) (item).key

/* Numbers alone, and records of which one field tells where they came from. */
#define KIND(name, T, FROM)                                                                        \
    typedef struct name##_record {                                                                 \
        char before;                                                                               \
        T key;                                                                                     \
        uint64_t index;                                                                            \
    } name##_record;                                                                               \
    FILCH_RADIX_SORT(sort_##name, T, FILCH_KEY)                                                    \
    FILCH_RADIX_SORT(sort_##name##_records, name##_record, KEY_OF)                                 \
    static void name##_fill(void *items, size_t n, unsigned shape, uint64_t *state)                \
    {                                                                                              \
        for (size_t i = 0; i < n; i++) {                                                           \
            uint64_t bits = bits_of(shape, i, n, state);                                           \
            ((T *)items)[i] = FROM(T, bits);                                                       \
        }                                                                                          \
    }                                                                                              \
    static void name##_fill_records(void *items, size_t n, unsigned shape, uint64_t *state)        \
    {                                                                                              \
        memset(items, 0, n * sizeof(name##_record));                                               \
        for (size_t i = 0; i < n; i++) {                                                           \
            uint64_t bits = bits_of(shape, i, n, state);                                           \
            name##_record *r = (name##_record *)items + i;                                         \
            r->key = FROM(T, bits);                                                                \
            r->index = i;                                                                          \
        }                                                                                          \
    }                                                                                              \
    static int name##_typed(filch_runtime *rt, void *items, size_t n)                              \
    {                                                                                              \
        return FILCH_RUN(rt, sort_##name, (T *)items, n);                                          \
    }                                                                                              \
    static int name##_typed_records(filch_runtime *rt, void *items, size_t n)                      \
    {                                                                                              \
        return FILCH_RUN(rt, sort_##name##_records, (name##_record *)items, n);                    \
    }                                                                                              \
    static size_t name##_disorder(const void *items, size_t n)                                     \
    {                                                                                              \
        const T *v = items;                                                                        \
        for (size_t i = 1; i < n; i++)                                                             \
            if (v[i] < v[i - 1])                                                                   \
                return i;                                                                          \
        return 0;                                                                                  \
    }                                                                                              \
    static size_t name##_disorder_records(const void *items, size_t n)                             \
    {                                                                                              \
        const name##_record *v = items;                                                            \
        for (size_t i = 1; i < n; i++)                                                             \
            if (v[i].key < v[i - 1].key ||                                                         \
                (v[i].key == v[i - 1].key && v[i].index < v[i - 1].index))                         \
                return i;                                                                          \
        return 0;                                                                                  \
    }

#define KINDS(X)                                                                                   \
    X(u8, uint8_t, FROM_BITS, FILCH_RADIX_UNSIGNED)                                                \
    X(u16, uint16_t, FROM_BITS, FILCH_RADIX_UNSIGNED)                                              \
    X(u32, uint32_t, FROM_BITS, FILCH_RADIX_UNSIGNED)                                              \
    X(u64, uint64_t, FROM_BITS, FILCH_RADIX_UNSIGNED)                                              \
    X(i8, int8_t, FROM_BITS, FILCH_RADIX_SIGNED)                                                   \
    X(i16, int16_t, FROM_BITS, FILCH_RADIX_SIGNED)                                                 \
    X(i32, int32_t, FROM_BITS, FILCH_RADIX_SIGNED)                                                 \
    X(i64, int64_t, FROM_BITS, FILCH_RADIX_SIGNED)                                                 \
    X(single, float, FROM_REAL, FILCH_RADIX_FLOAT)                                                 \
    X(real, double, FROM_REAL, FILCH_RADIX_FLOAT)
#define KIND_FUNCTIONS(name, T, FROM, kind) KIND(name, T, FROM)
#define KIND_ROWS(name, T, FROM, kind)                                                              \
    {#name, sizeof(T), 0, sizeof(T), kind, name##_fill, name##_typed, name##_disorder},             \
        {#name " in records", sizeof(name##_record), offsetof(name##_record, key), sizeof(T), kind, \
         name##_fill_records, name##_typed_records,  name##_disorder_records},
KINDS(KIND_FUNCTIONS)
static const kind kinds[] = {KINDS(KIND_ROWS)};
enum { KIND_COUNT = sizeof kinds / sizeof kinds[0] };

static void expect_sorted(filch_runtime *rt, const kind *k, bool typed, unsigned shape, size_t n,
                          uint64_t *state)
{
    char *items = malloc(n * k->size + 1);
    cr_assert(items);
    k->fill(items, n, shape, state);
    items[n * k->size] = 'x';
    const uint64_t sum = items_sum(items, n, k->size);
    int rc = typed ? k->typed(rt, items, n)
                   : par_radix_sort(rt, items, n, k->size, k->offset, k->bytes, k->kind);
    cr_assert_eq(rc, 0, "%d", rc);
    cr_assert_eq(k->disorder(items, n), 0, "%s, typed %d, shape %u, %zu items", k->name, typed,
                 shape, n);
    cr_assert_eq(items_sum(items, n, k->size), sum, "%s, typed %d, shape %u, %zu items", k->name,
                 typed, shape, n);
    cr_assert_eq(items[n * k->size], 'x');
    free(items);
}

Test(par_radix, every_key_kind_and_order_sorts)
{
    uint64_t state = stress_seed();
    for (unsigned w = 0; w < PAR_RUNTIMES; w++) {
        filch_runtime *rt = par_runtime(config_workers[w]);
        for (unsigned times = stress_times(6); times; times--)
            for (unsigned k = 0; k < KIND_COUNT; k++)
                expect_sorted(rt, &kinds[k], par_random(&state) & 1, par_random(&state) % SHAPES,
                              par_size(&state, 1000000), &state);
        OK(filch_runtime_destroy(rt));
    }
}

Test(par_radix, every_small_item_count_sorts)
{
    uint64_t state = stress_seed();
    filch_runtime *rt = par_runtime(2);
    for (size_t n = 0; n < 300; n += 1 + n / 20)
        for (unsigned shape = 0; shape < SHAPES; shape++)
            for (unsigned k = 0; k < KIND_COUNT; k++)
                if (stress_times(10) == 10 || par_random(&state) % 8 == 0)
                    expect_sorted(rt, &kinds[k], par_random(&state) & 1, shape, n, &state);
    OK(filch_runtime_destroy(rt));
}

Test(par_radix, large_arrays_of_any_order_sort)
{
    uint64_t state = stress_seed();
    const size_t n = stress_times(10) == 10 && !BUILD_TINY ? 1 << 19 : 1 << 14;
    for (unsigned w = 0; w < PAR_RUNTIMES; w++) {
        filch_runtime *rt = par_runtime(config_workers[w]);
        for (unsigned shape = 0; shape < SHAPES; shape++) {
            unsigned k;
            do
                k = par_random(&state) % KIND_COUNT;
            while (kinds[k].size < 4); /* fewer bytes are not distributed */
            expect_sorted(rt, &kinds[k], true, shape, n, &state);
        }
        OK(filch_runtime_destroy(rt));
    }
}

/* ---- Keys of other kinds ---- */

typedef struct odd {
    uint64_t index : 40;
    int32_t small : 13;
    bool flag;
    enum color { RED, GREEN = 70000, BLUE } color;
    long double unused;
} odd;

#define FLAG(item) (item).flag
#define SMALL(item) (item).small
#define COLOR(item) (item).color
FILCH_RADIX_SORT(sort_by_flag, odd, FLAG)
FILCH_RADIX_SORT(sort_by_small, odd, SMALL)
FILCH_RADIX_SORT(sort_by_color, odd, COLOR)

Test(par_radix, bools_bitfields_and_enums_are_keys)
{
    enum { N = 40000 };
    static odd v[N];
    uint64_t state = stress_seed();
    filch_runtime *rt = par_runtime(2);
    for (size_t i = 0; i < N; i++) {
        const uint64_t random = par_random(&state);
        v[i].small = (int)(random % 8192) - 4096;
        v[i].flag = random >> 20 & 1;
        v[i].color = random >> 30 & 1 ? GREEN : random >> 31 & 1 ? RED : BLUE;
    }
    cr_assert_eq(FILCH_RUN(rt, sort_by_small, v, N), 0);
    for (size_t i = 1; i < N; i++)
        cr_assert_leq(v[i - 1].small, v[i].small);
    cr_assert_eq(FILCH_RUN(rt, sort_by_flag, v, N), 0);
    cr_assert_eq(FILCH_RUN(rt, sort_by_color, v, N), 0); /* one field after the other: stable */
    for (size_t i = 1; i < N; i++) {
        const odd *a = &v[i - 1], *b = &v[i];
        cr_assert(a->color < b->color ||
                  (a->color == b->color &&
                   (a->flag < b->flag || (a->flag == b->flag && a->small <= b->small))));
    }
    OK(filch_runtime_destroy(rt));
}

/* Some processors give every NaN that they make the same sign. */
static float single(double x)
{
    return copysignf((float)x, signbit(x) ? -1.0f : 1.0f);
}

Test(par_radix, float_keys_sort_by_their_bits)
{
    static const double order[] = {-NAN, -INFINITY, -DBL_MAX, -1.0, -DBL_MIN, -0x1p-1074, -0.0,
                                   0.0,  0x1p-1074, DBL_MIN,  1.0,  DBL_MAX,  INFINITY,   NAN};
    enum { KNOWN = sizeof order / sizeof order[0], N = 5000 };
    static double v[N];
    static float f[N];
    uint64_t state = stress_seed();
    for (size_t i = 0; i < N; i++) {
        v[i] = order[par_random(&state) % KNOWN];
        f[i] = single(v[i]);
    }
    filch_runtime *rt = par_runtime(2);
    cr_assert_eq(FILCH_RUN(rt, sort_real, v, N), 0);
    cr_assert_eq(FILCH_RUN(rt, sort_single, f, N), 0);
    size_t at = 0;
    for (size_t i = 0; i < N; i++) {
        while (at < KNOWN && memcmp(&order[at], &v[i], sizeof v[i]))
            at++;
        cr_assert_lt(at, KNOWN);
        const float same = single(v[i]);
        if (at && at < KNOWN - 1)
            cr_assert(f[i] == same && !signbit(f[i]) == !signbit(same));
        else
            cr_assert(isnan(f[i]) && !signbit(f[i]) == !signbit(same));
    }
    OK(filch_runtime_destroy(rt));
}

/* ---- From tasks, with arguments ---- */

static inline double weight_of(uint32_t i, const double *weight, double sign)
{
    return weight[i] * sign;
}
FILCH_RADIX_SORT(sort_by_weight, uint32_t, weight_of, (const double *, weight), (double, sign))

SORTING_BOTH

Test(par_radix, tasks_sort_with_given_arguments)
{
    sorting_sorts_by_weight(both, true);
}

/* ---- Without types ---- */

/* Items of any size: a key of 2 bytes somewhere, then zeros but for which it was, where there is
 * room. */
static void check_plain(filch_runtime *rt, size_t size, size_t offset, size_t n, uint64_t *state)
{
    char *v = calloc(n + 1, size), *at = v;
    for (size_t i = 0; i < n; i++, at += size) {
        const int16_t key = (int16_t)(par_random(state) % 1001) - 500;
        const uint32_t which = (uint32_t)i;
        memcpy(at + offset, &key, 2);
        if (offset >= 4)
            memcpy(at, &which, 4);
    }
    OK(par_radix_sort(rt, v, n, size, offset, 2, FILCH_RADIX_SIGNED));
    int16_t key, last = INT16_MIN;
    uint32_t which, before = 0;
    at = v;
    for (size_t i = 0; i < n; i++, at += size, last = key) {
        memcpy(&key, at + offset, 2);
        cr_assert_leq(last, key);
        if (offset < 4)
            continue;
        memcpy(&which, at, 4);
        cr_assert(last < key || before < which);
        before = which;
    }
    free(v);
}

Test(par_radix, any_size_and_key_place_sorts)
{
    static const size_t places[][2] = {{2, 0},  {3, 1},   {4, 1},     {6, 4},      {8, 5},
                                       {16, 6}, {17, 13}, {256, 100}, {1000, 998}, {5000, 77}};
    uint64_t state = stress_seed();
    filch_runtime *rt = par_runtime(2);
    for (unsigned p = 0; p < sizeof places / sizeof places[0]; p++)
        for (unsigned times = stress_times(3); times; times--)
            check_plain(rt, places[p][0], places[p][1],
                        par_size(&state, places[p][0] < 100 ? 100000 : 2000), &state);
    OK(filch_runtime_destroy(rt));
}

FILCH_TASK(int, plain_in_task, (uint64_t *, v), (size_t, n))
{
    return filch_radix_sort(self, v, n, 8, 2, 4, FILCH_RADIX_UNSIGNED);
}

Test(par_radix, tasks_sort_without_types)
{
    enum { N = 30000 };
    static uint64_t v[N];
    uint64_t state = stress_seed();
    filch_runtime *rt = par_runtime(2);
    for (size_t i = 0; i < N; i++)
        v[i] = par_random(&state);
    cr_assert_eq(FILCH_RUN(rt, plain_in_task, v, N), 0);
    for (size_t i = 1; i < N; i++)
        cr_assert_leq((uint32_t)(v[i - 1] >> 16), (uint32_t)(v[i] >> 16));
    OK(filch_runtime_destroy(rt));
}

/* ---- What is refused ---- */

static void expect_refused(int rc, const char *saying)
{
    cr_assert_eq(rc, -EINVAL, "%s: %d", saying, rc);
    cr_assert(strstr(filch_error(), saying), "%s", filch_error());
}

Test(par_radix, what_cannot_be_sorted_is_refused)
{
    uint32_t v[2] = {2, 1};
    const size_t many = SIZE_MAX / 2;
    filch_runtime *rt = par_runtime(1);
    expect_refused(FILCH_RUN(rt, sort_u32, NULL, 2), "at NULL");
    expect_refused(FILCH_RUN(rt, sort_u32, v, many), "more than memory can hold");
    expect_refused(par_radix_sort(rt, NULL, 2, 4, 0, 4, FILCH_RADIX_FLOAT), "at NULL");
    expect_refused(par_radix_sort(rt, v, many, 4, 0, 4, FILCH_RADIX_FLOAT), "memory can hold");
    expect_refused(par_radix_sort(rt, v, 2, 0, 0, 4, FILCH_RADIX_FLOAT), "offset");
    expect_refused(par_radix_sort(rt, v, 2, 4, 1, 4, FILCH_RADIX_FLOAT), "offset");
    expect_refused(par_radix_sort(rt, v, 2, 4, SIZE_MAX, 4, FILCH_RADIX_FLOAT), "offset");
    expect_refused(par_radix_sort(rt, v, 2, 4, 0, 3, FILCH_RADIX_UNSIGNED), "1, 2, 4 or 8");
    expect_refused(par_radix_sort(rt, v, 2, 4, 0, 0, FILCH_RADIX_SIGNED), "1, 2, 4 or 8");
    expect_refused(par_radix_sort(rt, v, 2, 4, 0, 2, FILCH_RADIX_FLOAT), "4 or 8");
    expect_refused(par_radix_sort(rt, v, 2, 4, 0, 4, (filch_radix_kind)3), "kind 3");
    cr_assert(v[0] == 2 && v[1] == 1);
    cr_assert_eq(FILCH_RUN(rt, sort_u32, NULL, 0), 0);
    OK(par_radix_sort(rt, NULL, 0, 4, 0, 4, FILCH_RADIX_FLOAT));
    OK(par_radix_sort(rt, v, 2, 4, 0, 4, FILCH_RADIX_UNSIGNED));
    cr_assert(v[0] == 1 && v[1] == 2);
    OK(filch_runtime_destroy(rt));
}
