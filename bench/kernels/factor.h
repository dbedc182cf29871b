/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Shared by lu and cholesky: matrices whose factors are known, so that answers need no tolerance,
 * and the update in which both spend nearly all their time. The including file sets
 * FACTOR_TRANSPOSED to say whether the update's second factor is read transposed.
 *
 * Entry (i, j) of A is r[i] * P(min(i, j)) * q[j], where P(k) = c[0]^2 + ... + c[k]^2. So, with all
 * of r, q, c powers of two and P an integer, no operation of either factorization rounds:
 *   L U:   L(i, k) = r[i] / r[k], U(k, j) = r[k] c[k]^2 q[j]
 *   L L^T: L(i, k) = r[i] c[k], where q = r > 0 */
#ifndef KERNELS_FACTOR_H
#define KERNELS_FACTOR_H

#include "data.h"
#include "kernel.h"

#include <errno.h>

enum { FACTOR_LEAF = 32, FACTOR_PAD = 8 }; /* rows do not share cache sets */

typedef struct factor_data {
    double *a; /* n rows of n + FACTOR_PAD */
    double *r, *q, *c;
    long n;
} factor_data;

static int factor_setup(kernel_run *run)
{
    const long n = run->size->n, entries = n * (n + FACTOR_PAD);
    if (!data_setup(run, sizeof(factor_data), (size_t)(entries + 3 * n) * sizeof(double)))
        return -ENOMEM;
    double *a = data_items(run), *r = a + entries;
    *DATA(factor_data, run) = (factor_data){.a = a, .r = r, .q = r + n, .c = r + 2 * n, .n = n};
    uint32_t state = 7;
    for (long i = 0; i < n; i++) {
        state = state * 1664525u + 1013904223u;
        r[i] = 1 << (state >> 30);
        r[n + i] = FACTOR_TRANSPOSED ? r[i] : -(1 << (state >> 28 & 3));
        r[2 * n + i] = 1 << (state >> 27 & 1);
    }
    return 0;
}

static void factor_prepare(kernel_run *run)
{
    const factor_data *d = DATA(factor_data, run);
    for (long i = 0; i < d->n; i++) {
        double sum = 0;
        for (long j = 0; j < d->n; j++) {
            if (j <= i)
                sum += d->c[j] * d->c[j];
            d->a[i * (d->n + FACTOR_PAD) + j] = d->r[i] * sum * d->q[j];
        }
    }
}

/* m -= v * w, or m -= v * w^T */
__attribute__((noinline)) static void
factor_update_leaf(double *restrict m, const double *restrict v, const double *restrict w, long row)
{
    double turned[FACTOR_LEAF * FACTOR_LEAF];
    for (int k = 0; k < FACTOR_LEAF; k++)
        for (int j = 0; j < FACTOR_LEAF; j++)
            turned[k * FACTOR_LEAF + j] = FACTOR_TRANSPOSED ? w[j * row + k] : w[k * row + j];
    for (int i = 0; i < FACTOR_LEAF; i++)
        for (int k = 0; k < FACTOR_LEAF; k++) {
            const double times = v[i * row + k];
            for (int j = 0; j < FACTOR_LEAF; j++)
                m[i * row + j] -= times * turned[k * FACTOR_LEAF + j];
        }
}

/* By quarters, all four at once, first with one half of the inner dimension, then the other. */
VOID_TASK(factor_update, (double *, m), (const double *, v), (const double *, w), (long, n),
          (long, row))
{
    if (n == FACTOR_LEAF) {
        factor_update_leaf(m, v, w, row);
        return;
    }
    const long half = n / 2, down = half * row;
    const long inner = FACTOR_TRANSPOSED ? half : down, outer = FACTOR_TRANSPOSED ? down : half;
    for (int pass = 0; pass < 2; pass++) {
        FORK_VOID(factor_update, m + down + half, v + down, w + outer, half, row);
        FORK_VOID(factor_update, m + down, v + down, w, half, row);
        FORK_VOID(factor_update, m + half, v, w + outer, half, row);
        CALL(factor_update, m, v, w, half, row);
        JOIN_VOID(factor_update);
        JOIN_VOID(factor_update);
        JOIN_VOID(factor_update);
        v += half;
        w += inner;
    }
}

#endif
