/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A = L L^T of a dense, symmetric, positive definite matrix, in place of its lower half, by
 * recursive halving as in lu. The update touches one triangle only, so that its tasks are of two
 * kinds and sizes. (Cilk's program of that name is for sparse matrices.) */
#define FACTOR_TRANSPOSED true
#include "factor.h"

#include <math.h>

/* m = m L^-T */
static void solve_leaf(double *m, const double *l, long row)
{
    for (int i = 0; i < FACTOR_LEAF; i++)
        for (int k = 0; k < FACTOR_LEAF; k++) {
            const double solved = m[i * row + k] /= l[k * row + k];
            for (int j = k + 1; j < FACTOR_LEAF; j++)
                m[i * row + j] -= solved * l[j * row + k];
        }
}

static void cholesky_leaf(double *a, long row)
{
    for (int k = 0; k < FACTOR_LEAF; k++) {
        const double root = a[k * row + k] = sqrt(a[k * row + k]);
        for (int i = k + 1; i < FACTOR_LEAF; i++)
            a[i * row + k] /= root;
        for (int i = k + 1; i < FACTOR_LEAF; i++)
            for (int j = k + 1; j <= i; j++)
                a[i * row + j] -= a[i * row + k] * a[j * row + k];
    }
}

/* Rows do not depend on each other: half of them are a task, whose left part goes first. */
VOID_TASK(solve, (double *, m), (const double *, l), (long, n), (long, rows), (long, row))
{
    if (rows == n && n > FACTOR_LEAF) {
        FORK_VOID(solve, m + n / 2 * row, l, n, n / 2, row);
        CALL(solve, m, l, n, n / 2, row);
        JOIN_VOID(solve);
    } else if (n == FACTOR_LEAF) {
        solve_leaf(m, l, row);
    } else {
        const long half = n / 2, down = half * row;
        CALL(solve, m, l, half, half, row);
        CALL(factor_update, m + half, m, l + down, half, row);
        CALL(solve, m + half, l + down + half, half, half, row);
    }
}

/* The lower half of m -= v v^T; a leaf computes its upper half as well, which nobody reads. */
VOID_TASK(update_lower, (double *, m), (const double *, v), (long, n), (long, row))
{
    if (n == FACTOR_LEAF) {
        factor_update_leaf(m, v, v, row);
        return;
    }
    const long half = n / 2, down = half * row;
    for (int pass = 0; pass < 2; pass++) {
        FORK_VOID(update_lower, m + down + half, v + down, half, row);
        FORK_VOID(factor_update, m + down, v + down, v, half, row);
        CALL(update_lower, m, v, half, row);
        JOIN_VOID(factor_update);
        JOIN_VOID(update_lower);
        v += half;
    }
}

VOID_TASK(cholesky, (double *, a), (long, n), (long, row))
{
    if (n == FACTOR_LEAF) {
        cholesky_leaf(a, row);
        return;
    }
    const long half = n / 2, down = half * row;
    CALL(cholesky, a, half, row);
    CALL(solve, a + down, a, half, half, row);
    CALL(update_lower, a + down + half, a + down, half, row);
    CALL(cholesky, a + down + half, half, row);
}

static void run_cholesky(void *place, kernel_run *run)
{
    const factor_data *d = DATA(factor_data, run);
    RUN(place, cholesky, d->a, d->n, d->n + FACTOR_PAD);
}

static void finish(kernel_run *run)
{
    const factor_data *d = DATA(factor_data, run);
    run->answer = 0;
    for (long i = 0; i < d->n; i++)
        for (long j = 0; j <= i; j++)
            run->answer += d->a[i * (d->n + FACTOR_PAD) + j] == d->r[i] * d->c[j];
}

const kernel KERNEL(cholesky) = {
    .name = "cholesky",
    .what = "dense Cholesky factorization by recursive halving: tasks of two kinds and sizes",
    .source = "Gustavson 1997; the factor is known by construction",
    .sizes = {{"64", 64, 64 * 65 / 2, 0},
              {"512", 512, 512 * 513 / 2, 535},
              {"1024", 1024, 1024 * 1025 / 2, 4495}},
    .shown = KERNEL_WITH_ALL,
    .setup = factor_setup,
    .prepare = factor_prepare,
    .run = run_cholesky,
    .finish = finish,
    .teardown = data_teardown,
};
