/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A = L U without pivoting, in place, by recursive halving: factorize the upper left quarter, solve
 * for those beside and below it at once, update the last one, factorize that. Parallelism shrinks
 * towards the end of each level: the critical path is a sixteenth of the work at 1024. */
#define FACTOR_TRANSPOSED false
#include "factor.h"

/* m = L^-1 m, for the columns of one leaf. */
static void solve_lower_leaf(double *m, const double *l, long row)
{
    for (int i = 1; i < FACTOR_LEAF; i++)
        for (int k = 0; k < i; k++)
            for (int j = 0; j < FACTOR_LEAF; j++)
                m[i * row + j] -= l[i * row + k] * m[k * row + j];
}

/* m = m U^-1 */
static void solve_upper_leaf(double *m, const double *u, long row)
{
    for (int i = 0; i < FACTOR_LEAF; i++)
        for (int k = 0; k < FACTOR_LEAF; k++) {
            const double solved = m[i * row + k] /= u[k * row + k];
            for (int j = k + 1; j < FACTOR_LEAF; j++)
                m[i * row + j] -= solved * u[k * row + j];
        }
}

static void lu_leaf(double *a, long row)
{
    for (int k = 0; k < FACTOR_LEAF; k++)
        for (int i = k + 1; i < FACTOR_LEAF; i++) {
            const double times = a[i * row + k] /= a[k * row + k];
            for (int j = k + 1; j < FACTOR_LEAF; j++)
                a[i * row + j] -= times * a[k * row + j];
        }
}

/* Columns do not depend on each other: half of them are a task, whose upper part goes first. */
VOID_TASK(solve_lower, (double *, m), (const double *, l), (long, n), (long, columns), (long, row))
{
    if (columns == n && n > FACTOR_LEAF) {
        FORK_VOID(solve_lower, m + n / 2, l, n, n / 2, row);
        CALL(solve_lower, m, l, n, n / 2, row);
        JOIN_VOID(solve_lower);
    } else if (n == FACTOR_LEAF) {
        solve_lower_leaf(m, l, row);
    } else {
        const long half = n / 2, down = half * row;
        CALL(solve_lower, m, l, half, half, row);
        CALL(factor_update, m + down, l + down, m, half, row);
        CALL(solve_lower, m + down, l + down + half, half, half, row);
    }
}

/* Neither do rows here. */
VOID_TASK(solve_upper, (double *, m), (const double *, u), (long, n), (long, rows), (long, row))
{
    if (rows == n && n > FACTOR_LEAF) {
        FORK_VOID(solve_upper, m + n / 2 * row, u, n, n / 2, row);
        CALL(solve_upper, m, u, n, n / 2, row);
        JOIN_VOID(solve_upper);
    } else if (n == FACTOR_LEAF) {
        solve_upper_leaf(m, u, row);
    } else {
        const long half = n / 2, down = half * row;
        CALL(solve_upper, m, u, half, half, row);
        CALL(factor_update, m + half, m, u + half, half, row);
        CALL(solve_upper, m + half, u + down + half, half, half, row);
    }
}

VOID_TASK(lu, (double *, a), (long, n), (long, row))
{
    if (n == FACTOR_LEAF) {
        lu_leaf(a, row);
        return;
    }
    const long half = n / 2, down = half * row;
    CALL(lu, a, half, row);
    FORK_VOID(solve_upper, a + down, a, half, half, row);
    CALL(solve_lower, a + half, a, half, half, row);
    JOIN_VOID(solve_upper);
    CALL(factor_update, a + down + half, a + down, a + half, half, row);
    CALL(lu, a + down + half, half, row);
}

static void run_lu(void *place, kernel_run *run)
{
    const factor_data *d = DATA(factor_data, run);
    RUN(place, lu, d->a, d->n, d->n + FACTOR_PAD);
}

static void finish(kernel_run *run)
{
    const factor_data *d = DATA(factor_data, run);
    run->answer = 0;
    for (long i = 0; i < d->n; i++)
        for (long j = 0; j < d->n; j++)
            run->answer += d->a[i * (d->n + FACTOR_PAD) + j] ==
                           (j < i ? d->r[i] / d->r[j] : d->r[i] * d->c[i] * d->c[i] * d->q[j]);
}

const kernel KERNEL(lu) = {
    .name = "lu",
    .what = "LU factorization by recursive halving: parallelism that comes and goes",
    .source = "Toledo 1997; Cilk 5 distribution; the factors are known by construction",
    .sizes = {{"64", 64, 64 * 64, 1},
              {"512", 512, 512 * 512, 1015},
              {"1024", 1024, 1024 * 1024, 8711}},
    .shown = KERNEL_WITH_ALL,
    .setup = factor_setup,
    .prepare = factor_prepare,
    .run = run_lu,
    .finish = finish,
    .teardown = data_teardown,
};
