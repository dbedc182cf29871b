/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * LU factorisation of a sparse matrix of dense blocks. Each step factors the diagonal block, then a
 * task for each block of its row and column, then a task for each inner block. Variants: one thread
 * creates all tasks, or all threads do by a work-shared loop. */
#include "kernel.h"

#include <string.h>

enum { SIDE = 24, CELLS = SIDE * SIDE };

static int n; /* blocks in a row */

static void factor(double *a)
{
    for (int k = 0; k < SIDE; k++)
        for (int i = k + 1; i < SIDE; i++) {
            a[i * SIDE + k] /= a[k * SIDE + k];
            for (int j = k + 1; j < SIDE; j++)
                a[i * SIDE + j] -= a[i * SIDE + k] * a[k * SIDE + j];
        }
}

static void row_block(const double *diagonal, double *a)
{
    for (int k = 0; k < SIDE; k++)
        for (int i = k + 1; i < SIDE; i++)
            for (int j = 0; j < SIDE; j++)
                a[i * SIDE + j] -= diagonal[i * SIDE + k] * a[k * SIDE + j];
}

static void column_block(const double *diagonal, double *a)
{
    for (int i = 0; i < SIDE; i++)
        for (int k = 0; k < SIDE; k++) {
            a[i * SIDE + k] /= diagonal[k * SIDE + k];
            for (int j = k + 1; j < SIDE; j++)
                a[i * SIDE + j] -= a[i * SIDE + k] * diagonal[k * SIDE + j];
        }
}

static void inner_block(const double *left, const double *above, double **a)
{
    if (!*a)
        *a = memset(memory(CELLS * sizeof(double)), 0, CELLS * sizeof(double));
    for (int i = 0; i < SIDE; i++)
        for (int k = 0; k < SIDE; k++)
            for (int j = 0; j < SIDE; j++)
                (*a)[i * SIDE + j] -= left[i * SIDE + k] * above[k * SIDE + j];
}

static void fill(double **blocks)
{
    for (int i = 0; i < n * n; i++) {
        const int row = i / n, column = i % n;
        blocks[i] = NULL;
        if (row != column && mix((uint64_t)i) % 3 != 0)
            continue;
        blocks[i] = memory(CELLS * sizeof(double));
        for (int j = 0; j < CELLS; j++)
            blocks[i][j] = (double)(mix((uint64_t)(i * CELLS + j)) % 10) +
                           (row == column && j % (SIDE + 1) == 0 ? 1e4 : 0);
    }
}

/* One step by a team of threads; `workshare` is omp single or omp for. */
#define PRAGMA(text) _Pragma(#text)
#define FACTORISATION(name, workshare)                                                             \
    static void name(double **a)                                                                   \
    {                                                                                              \
        for (int k = 0; k < n; k++) {                                                              \
            PRAGMA(omp single)                                                                     \
            factor(a[k * n + k]);                                                                  \
            PRAGMA(workshare)                                                                      \
            for (int j = k + 1; j < n; j++) {                                                      \
                if (a[k * n + j])                                                                  \
                    PRAGMA(omp task firstprivate(j, k))                                            \
                row_block(a[k * n + k], a[k * n + j]);                                             \
                if (a[j * n + k])                                                                  \
                    PRAGMA(omp task firstprivate(j, k))                                            \
                column_block(a[k * n + k], a[j * n + k]);                                          \
            }                                                                                      \
            PRAGMA(workshare)                                                                      \
            for (int i = k + 1; i < n; i++)                                                        \
                for (int j = k + 1; j < n; j++)                                                    \
                    if (a[i * n + k] && a[k * n + j])                                              \
                        PRAGMA(omp task firstprivate(i, j, k))                                     \
            inner_block(a[i * n + k], a[k * n + j], &a[i * n + j]);                                \
        }                                                                                          \
    }

FACTORISATION(by_single, omp single)
FACTORISATION(by_for, omp for schedule(dynamic))

static int measure(const char *name, void (*factorise)(double **), double **a, double **right)
{
    bool same = true;
    fill(a);
    const double begin = now();
#pragma omp parallel
    factorise(a);
    const double seconds = now() - begin;
    for (int i = 0; i < n * n; i++) {
        same = same && !a[i] == !right[i] &&
               (!a[i] || memcmp(a[i], right[i], CELLS * sizeof(double)) == 0);
        free(a[i]);
    }
    return report(name, seconds, same);
}

int main(int argc, char **argv)
{
    n = size_of(argc, argv, 24);
    double **a = memory((size_t)(n * n) * sizeof *a), **right = memory((size_t)(n * n) * sizeof *a);
    fill(right);
    by_single(right); /* outside of a parallel region: by this thread */
    return measure("sparselu-single", by_single, a, right) |
           measure("sparselu-for", by_for, a, right);
}
