/* SPDX-License-Identifier: MIT OR Apache-2.0
 * test: long in asan
 *
 * The merge: all items of both lists, in order, of equal ones those of the first list first; for
 * any lists, workers, and comparison. */
#include <filch/sort.h>
#include <tests/support/par.h>
#include <tests/support/test.h>

/* How two lists lie to each other. */
typedef enum relation { MIXED, A_BEFORE, B_BEFORE, TIES, CLUSTERS, RELATIONS } relation;

/* Keys that never fall: step by step, or, in a cluster, by a leap. */
static int64_t next_key(int64_t key, relation how, uint64_t *state)
{
    uint64_t random = par_random(state);
    switch (how) {
    case TIES:
        return key + (random % 100 == 0);
    case CLUSTERS:
        return key + (int64_t)(random % 500 ? 0 : random >> 8 & 1023);
    default:
        return key + (int64_t)(random % 4);
    }
}

static int64_t first_key(bool of_a, relation how)
{
    return how == A_BEFORE && !of_a ? 5000000 : how == B_BEFORE && of_a ? 5000000 : 0;
}

/* ---- All types ---- */

#define MERGED_TYPE(name, type, less, KEY, INDEX, MAKE)                                            \
    FILCH_MERGE(merge_##name, type, less)                                                          \
    static void make_##name(type *v, size_t n, bool of_a, relation how, uint64_t *state)           \
    {                                                                                              \
        int64_t key = first_key(of_a, how);                                                        \
        for (size_t i = 0; i < n; i++, key = next_key(key, how, state))                            \
            v[i] = MAKE(type, sizeof(type) > 2 ? key : (int64_t)(i * 100 / n),                     \
                        (uint32_t)(i + (of_a ? 0 : 1 << 24)));                                     \
    }                                                                                              \
    ITEMS_DISORDER(name, type, KEY, INDEX)                                                         \
    static void check_##name(filch_runtime *rt, size_t a_n, size_t b_n, relation how,              \
                             uint64_t *state)                                                      \
    {                                                                                              \
        type *a = calloc(a_n + 1, sizeof *a), *b = calloc(b_n + 1, sizeof *b);                     \
        type *out = malloc((a_n + b_n) * sizeof *out + 1);                                         \
        make_##name(a, a_n, true, how, state);                                                     \
        make_##name(b, b_n, false, how, state);                                                    \
        const uint64_t sum = items_sum(a, a_n, sizeof *a) + items_sum(b, b_n, sizeof *b);          \
        cr_assert_eq(FILCH_RUN(rt, merge_##name, a, a_n, b, b_n, out), 0);                         \
        cr_assert_eq(disorder_##name(out, a_n + b_n), 0, #name ", %zu and %zu, %d", a_n, b_n,      \
                     (int)how);                                                                    \
        cr_assert_eq(items_sum(out, a_n + b_n, sizeof *out), sum, #name ", %zu and %zu, %d", a_n,  \
                     b_n, (int)how);                                                               \
        cr_assert_eq(items_sum(a, a_n, sizeof *a) + items_sum(b, b_n, sizeof *b), sum);            \
        free(a);                                                                                   \
        free(b);                                                                                   \
        free(out);                                                                                 \
    }
ITEM_TYPES(MERGED_TYPE)

typedef void check_fn(filch_runtime *rt, size_t a_n, size_t b_n, relation how, uint64_t *state);
#define CHECK_OF(name, ...) check_##name,
static check_fn *const checks[] = {ITEM_TYPES(CHECK_OF)};
enum { TYPES = sizeof checks / sizeof checks[0] };

Test(par_merge, lists_of_every_type_are_merged)
{
    uint64_t state = stress_seed();
    for (unsigned k = 0; k < PAR_RUNTIMES; k++) {
        filch_runtime *rt = par_runtime(config_workers[k]);
        for (unsigned times = stress_times(20); times; times--)
            for (unsigned t = 0; t < TYPES; t++) {
                const size_t most = t < 6 ? 1000000 : 50000;
                size_t a_n = par_size(&state, most), b_n = par_size(&state, most);
                checks[t](rt, a_n, b_n, par_random(&state) % RELATIONS, &state);
            }
        OK(filch_runtime_destroy(rt));
    }
}

Test(par_merge, short_lists_are_merged)
{
    uint64_t state = stress_seed();
    filch_runtime *rt = par_runtime(2);
    for (size_t a_n = 0; a_n < 60; a_n += 1 + a_n / 8)
        for (size_t b_n = 0; b_n < 60; b_n += 1 + b_n / 8)
            for (unsigned t = 0; t < TYPES; t++)
                checks[t](rt, a_n, b_n, par_random(&state) % RELATIONS, &state);
    OK(filch_runtime_destroy(rt));
}

/* ---- From tasks; without types ---- */

static inline bool by_weight(uint32_t a, uint32_t b, const uint32_t *weight)
{
    return weight[a] < weight[b];
}
FILCH_MERGE(merge_by_weight, uint32_t, by_weight, (const uint32_t *, weight))

enum { MANY = 200000 };

FILCH_TASK(int, merge_within, (const uint32_t *, v), (uint32_t *, out), (const uint32_t *, weight))
{
    return merge_by_weight(self, v, MANY, v + MANY, MANY, out, weight);
}

Test(par_merge, task_merges_with_given_arguments)
{
    static uint32_t v[2 * MANY], out[2 * MANY], weight[2 * MANY];
    for (uint32_t i = 0; i < MANY; i++) {
        v[i] = i;
        v[MANY + i] = MANY + i;
        weight[i] = i / 2;
        weight[MANY + i] = i / 3;
    }
    filch_runtime *rt = par_runtime(8);
    cr_assert_eq(FILCH_RUN(rt, merge_within, v, out, weight), 0);
    OK(filch_runtime_destroy(rt));
    for (uint32_t i = 1; i < 2 * MANY; i++)
        cr_assert(weight[out[i - 1]] < weight[out[i]] ||
                  (weight[out[i - 1]] == weight[out[i]] && out[i - 1] < out[i]));
}

static bool number_less(const void *a, const void *b, void *context)
{
    return memcmp(a, b, 2) < 0;
}

Test(par_merge, items_without_a_type_are_merged)
{
    static const size_t sizes[] = {2, 3, 4, 8, 16, 40, 256};
    enum { A = 3000, B = 1500 };
    static unsigned char a[A * 256], b[B * 256], out[(A + B) * 256];
    filch_runtime *rt = par_runtime(2);
    for (unsigned k = 0; k < sizeof sizes / sizeof sizes[0]; k++) {
        const size_t size = sizes[k];
        for (size_t i = 0; i < A; i++)
            memcpy(a + i * size, (unsigned char[]){(unsigned char)(i >> 8), (unsigned char)i}, 2);
        for (size_t i = 0; i < B; i++)
            memcpy(b + i * size, (unsigned char[]){(unsigned char)(i >> 7), (unsigned char)(2 * i)},
                   2);
        OK(par_merge(rt, a, A, b, B, out, size, number_less, NULL));
        for (size_t i = 0; i < A + B; i++) /* 0 0 1 2 2 3 4 4 5 ... */
            cr_assert_eq(out[i * size] * 256u + out[i * size + 1], i / 3 * 2 + i % 3 / 2);
    }
    OK(filch_runtime_destroy(rt));
}

/* ---- Comparisons that are no order ---- */

#define DISORDERLY(less)                                                                           \
    FILCH_MERGE(merge_##less, uint64_t, less)                                                      \
    static void keep_##less(filch_runtime *rt, const uint64_t *v, size_t a_n, size_t b_n,          \
                            uint64_t *out)                                                         \
    {                                                                                              \
        cr_assert_eq(FILCH_RUN(rt, merge_##less, v, a_n, v + a_n, b_n, out), 0);                   \
    }
ITEM_DISORDERS(DISORDERLY)

Test(par_merge, what_has_no_order_is_kept)
{
#define KEEP_OF(less) keep_##less,
    static void (*const keep[])(filch_runtime *, const uint64_t *, size_t, size_t,
                                uint64_t *) = {ITEM_DISORDERS(KEEP_OF)};
    uint64_t state = stress_seed();
    for (unsigned k = 0; k < PAR_RUNTIMES; k++) {
        filch_runtime *rt = par_runtime(config_workers[k]);
        for (unsigned times = stress_times(10); times; times--)
            for (unsigned l = 0; l < sizeof keep / sizeof keep[0]; l++) {
                size_t a_n = par_size(&state, 300000), b_n = par_size(&state, 300000);
                uint64_t *v = malloc((a_n + b_n) * sizeof *v + 1);
                uint64_t *out = malloc((a_n + b_n) * sizeof *v + 1);
                for (size_t i = 0; i < a_n + b_n; i++)
                    v[i] = par_random(&state);
                keep[l](rt, v, a_n, b_n, out);
                cr_assert_eq(items_sum(out, a_n + b_n, sizeof *v),
                             items_sum(v, a_n + b_n, sizeof *v), "comparison %u", l);
                free(v);
                free(out);
            }
        OK(filch_runtime_destroy(rt));
    }
}

/* ---- Refusals ---- */

Test(par_merge, what_cannot_be_merged_is_refused)
{
    filch_runtime *rt = par_runtime(1);
    uint16_t v[4] = {3, 4, 1, 2}, out[4] = {0};
    cr_assert_eq(par_merge(rt, v, 2, v + 2, 2, out, 2, NULL, NULL), -EINVAL);
    cr_assert_eq(par_merge(rt, v, 2, v + 2, 2, out, 0, number_less, NULL), -EINVAL);
    cr_assert_eq(par_merge(rt, v, 2, v + 2, 2, out, 257, number_less, NULL), -EINVAL);
    cr_assert_eq(par_merge(rt, NULL, 2, v, 2, out, 2, number_less, NULL), -EINVAL);
    cr_assert_eq(par_merge(rt, v, 2, NULL, 2, out, 2, number_less, NULL), -EINVAL);
    cr_assert_eq(par_merge(rt, v, 2, v + 2, 2, NULL, 2, number_less, NULL), -EINVAL);
    cr_assert(strstr(filch_error(), "NULL"));
    cr_assert_eq(par_merge(rt, v, SIZE_MAX, v, 2, out, 2, number_less, NULL), -EINVAL);
    cr_assert_eq(par_merge(rt, v, 2, v, SIZE_MAX / 2, out, 2, number_less, NULL), -EINVAL);
    cr_assert_eq(par_merge(rt, v, SIZE_MAX / 8, v, SIZE_MAX / 4, out, 2, number_less, NULL),
                 -EINVAL);
    cr_assert_eq(out[0] | out[1] | out[2] | out[3], 0);
    OK(par_merge(rt, NULL, 0, NULL, 0, NULL, 2, number_less, NULL));
    OK(par_merge(rt, NULL, 0, v, 2, out, 2, number_less, NULL));
    OK(par_merge(rt, v + 2, 2, NULL, 0, out + 2, 2, number_less, NULL));
    cr_assert_eq(memcmp(out, v, sizeof v), 0);
    OK(filch_runtime_destroy(rt));
}

Test(par_merge, debug_build_refuses_overlapping_output)
{
    filch_runtime *rt = par_runtime(1);
    uint32_t v[6] = {1, 3, 2, 4, 0, 0};
    for (unsigned at = 0; BUILD_DEBUG && at < 4; at++) {
        cr_assert_eq(FILCH_RUN(rt, merge_u32, v, 2, v + 2, 2, v + at), -EINVAL);
        cr_assert(strstr(filch_error(), "overlaps"));
    }
    cr_assert_eq(FILCH_RUN(rt, merge_u32, v, 1, v + 2, 1, v + 4), 0);
    cr_assert(v[4] == 1 && v[5] == 2);
    OK(filch_runtime_destroy(rt));
}
