/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Commutative reductions: equal to the plain loop for any length; in lanes, where the operation
 * allows it; stops. */
#include <filch/reduce.h>
#include <tests/support/par.h>
#include <tests/support/test.h>

enum { LANES = 16 };

#define XOR(a, b) ((a) ^ (b))
#define VALUE(seed, i) stress_mix((seed) + (i))
#define SMALL_OF(seed, i) ((double)(VALUE(seed, i) % 1024))
#define SIGNED_OF(seed, i) ((int)(VALUE(seed, i) >> 40) - (1 << 23))
#define BYTE_OF(seed, i) ((unsigned char)VALUE(seed, i))

typedef struct extent {
    uint64_t least, most;
} extent;

static inline extent joined(extent a, extent b)
{
    return (extent){FILCH_MIN(a.least, b.least), FILCH_MAX(a.most, b.most)};
}
#define EXTENT_OF(seed, i) ((extent){VALUE(seed, i), VALUE(seed, i)})

/* A reduction, and whether it gives what the plain loop gives. */
#define KIND(FORM, name, R, identity, combine, value_of)                                           \
    FORM(name, R, identity, combine, i, (uint64_t, seed))                                          \
    {                                                                                              \
        return value_of(seed, i);                                                                  \
    }                                                                                              \
    static void name##_agrees(filch_runtime *rt, size_t n, uint64_t seed)                          \
    {                                                                                              \
        R plain = identity, found;                                                                 \
        size_t begin = (size_t)seed % 1000;                                                        \
        for (size_t i = begin; i < begin + n; i++) {                                               \
            R value = value_of(seed, i);                                                           \
            plain = combine(plain, value);                                                         \
        }                                                                                          \
        cr_assert_eq(FILCH_RUN(rt, name, begin, begin + n, &found, seed), 0);                      \
        cr_assert_eq(memcmp(&plain, &found, sizeof found), 0, #name " of %zu", n);                 \
    }

KIND(FILCH_REDUCE, sums, double, 0.0, FILCH_PLUS, SMALL_OF)
KIND(FILCH_REDUCE, floats, float, 3e38f, FILCH_MIN, (float)SMALL_OF)
KIND(FILCH_REDUCE, greatest, int, INT32_MIN, FILCH_MAX, SIGNED_OF)
KIND(FILCH_REDUCE, bytes, unsigned char, 1, FILCH_TIMES, BYTE_OF)
KIND(FILCH_REDUCE_COMMUTATIVE, parity, uint64_t, 0, XOR, VALUE)
KIND(FILCH_REDUCE_COMMUTATIVE, extents, extent, ((extent){UINT64_MAX, 0}), joined, EXTENT_OF)

Test(par_reduce_lanes, results_match_plain_loop)
{
    static void (*const kinds[])(filch_runtime *, size_t,
                                 uint64_t) = {sums_agrees,  floats_agrees, greatest_agrees,
                                              bytes_agrees, parity_agrees, extents_agrees};
    uint64_t state = stress_seed();
    for (unsigned k = 0; k < PAR_RUNTIMES; k++) {
        filch_runtime *rt = par_runtime(config_workers[k]);
        for (unsigned times_left = stress_times(10); times_left; times_left--)
            for (unsigned kind = 0; kind < sizeof kinds / sizeof *kinds; kind++)
                kinds[kind](rt, par_size(&state, 300000), par_random(&state));
        for (size_t n = 0; n < 3 * LANES; n++)
            for (unsigned kind = 0; kind < sizeof kinds / sizeof *kinds; kind++)
                kinds[kind](rt, n, n);
        filch_runtime_destroy(rt);
    }
}

/* ---- The order within a chunk ---- */

FILCH_REDUCE(total, double, 0.0, FILCH_PLUS, i, (const double *, x))
{
    return x[i];
}

/* A number so large that 1 is lost beside it, and its negative in the same lane: only there they
 * cancel before anything else is added. */
Test(par_reduce_lanes, numbers_are_summed_in_lanes)
{
    double x[2 * LANES];
    struct total_context context = {x};
    for (int lane = 0; lane < LANES; lane++) {
        for (int i = 0; i < 2 * LANES; i++)
            x[i] = 1;
        x[lane] = 1e17;
        x[LANES + lane] = -1e17;
        double sum = 0;
        cr_assert_eq(total_chunk(NULL, 0, 2 * LANES, &context, &sum), 0);
        cr_assert_eq(sum, 2 * LANES - 2, "lane %d: %g", lane, sum);
    }
}

/* Neighbours joined in their order are one piece. */
typedef struct piece {
    size_t begin, end;
    bool whole;
} piece;

static inline piece next_to(piece a, piece b)
{
    if (a.begin == a.end)
        return b;
    if (b.begin == b.end)
        return a;
    return (piece){a.begin, b.end, a.whole && b.whole && a.end == b.begin};
}

FILCH_REDUCE(ordered, piece, ((piece){0, 0, true}), next_to, i)
{
    return (piece){i, i + 1, true};
}

FILCH_REDUCE_COMMUTATIVE(exchanged, piece, ((piece){0, 0, true}), next_to, i)
{
    return (piece){i, i + 1, true};
}

Test(par_reduce_lanes, only_commutative_reductions_change_order)
{
    struct ordered_context none = {0};
    struct exchanged_context none_either = {0};
    piece in_order = {0, 0, true}, in_lanes = in_order;
    cr_assert_eq(ordered_chunk(NULL, 0, 4 * LANES, &none, &in_order), 0);
    cr_assert_eq(exchanged_chunk(NULL, 0, 4 * LANES, &none_either, &in_lanes), 0);
    cr_assert(in_order.whole && in_order.end == 4 * LANES);
    cr_assert_not(in_lanes.whole);
}

/* ---- Stops ---- */

FILCH_REDUCE_COMMUTATIVE(stops, int, 0, XOR, i, (size_t, at))
{
    if (i >= at)
        FILCH_STOP_WITH(-EIO, 0);
    return 1;
}

FILCH_REDUCE(stops_real, double, 0.0, FILCH_PLUS, i, (size_t, at))
{
    if (i >= at)
        FILCH_STOP_WITH(-EIO, 0);
    return 1;
}

Test(par_reduce_lanes, stop_in_any_lane_keeps_result)
{
    for (unsigned k = 0; k < PAR_RUNTIMES; k++) {
        filch_runtime *rt = par_runtime(config_workers[k]);
        int out = 77;
        double real = 77;
        for (size_t at = 0; at < 2 * LANES; at++) {
            cr_assert_eq(FILCH_RUN(rt, stops, 0, 100000, &out, at), -EIO);
            cr_assert_eq(FILCH_RUN(rt, stops_real, 0, 100000, &real, 90000 + at), -EIO);
            cr_assert(out == 77 && real == 77);
        }
        filch_runtime_destroy(rt);
    }
}
