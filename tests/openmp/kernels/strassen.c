/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Strassen's matrix product: seven tasks a level, a plain product of small blocks at the bottom.
 * The check multiplies both sides by a random vector. */
#include "kernel.h"

#include <math.h>

enum { LEAF = 64 };

/* A square part of a matrix with rows of `stride` numbers. */
typedef struct part {
    double *at;
    int stride;
} part;

static part quarter(part of, int half, int row, int column)
{
    return (part){of.at + row * half * of.stride + column * half, of.stride};
}

static void combine(part a, double sign, part b, part to, int n)
{
    for (int i = 0; i < n; i++)
        for (int j = 0; j < n; j++)
            to.at[i * to.stride + j] = a.at[i * a.stride + j] + sign * b.at[i * b.stride + j];
}

static void plain(part a, part b, part c, int n)
{
    for (int i = 0; i < n; i++) {
        for (int j = 0; j < n; j++)
            c.at[i * c.stride + j] = 0;
        for (int k = 0; k < n; k++)
            for (int j = 0; j < n; j++)
                c.at[i * c.stride + j] += a.at[i * a.stride + k] * b.at[k * b.stride + j];
    }
}

/* The operands of the seven products: two quarters and the sign of the second (0: only the first). */
static const int left[7][3] = {{0, 3, 1}, {2, 3, 1},  {0, 0, 0}, {3, 3, 0},
                               {0, 1, 1}, {2, 0, -1}, {1, 3, -1}};
static const int right[7][3] = {{0, 3, 1}, {0, 0, 0}, {1, 3, -1}, {2, 0, -1},
                                {3, 3, 0}, {0, 1, 1}, {2, 3, 1}};

static part chosen(part of, const int *o, double *scratch, int half)
{
    const part a = quarter(of, half, o[0] / 2, o[0] % 2);
    if (o[2] == 0)
        return a;
    combine(a, o[2], quarter(of, half, o[1] / 2, o[1] % 2), (part){scratch, half}, half);
    return (part){scratch, half};
}

static void multiply(part a, part b, part c, int n)
{
    if (n <= LEAF) {
        plain(a, b, c, n);
        return;
    }
    const int half = n / 2;
    const size_t cells = (size_t)half * (size_t)half;
    double *scratch = memory(21 * cells * sizeof(double));
    part m[7];
    for (size_t i = 0; i < 7; i++) {
        m[i] = (part){scratch + 3 * i * cells, half};
#pragma omp task shared(m)
        multiply(chosen(a, left[i], m[i].at + cells, half),
                 chosen(b, right[i], m[i].at + 2 * cells, half), m[i], half);
    }
#pragma omp taskwait
    for (int i = 0; i < half; i++)
        for (int j = 0; j < half; j++) {
            const int k = i * half + j;
            double *row = &c.at[i * c.stride + j], *below = row + half * c.stride;
            row[0] = m[0].at[k] + m[3].at[k] - m[4].at[k] + m[6].at[k];
            row[half] = m[2].at[k] + m[4].at[k];
            below[0] = m[1].at[k] + m[3].at[k];
            below[half] = m[0].at[k] - m[1].at[k] + m[2].at[k] + m[5].at[k];
        }
    free(scratch);
}

static void times_vector(const double *a, const double *x, double *y, int n)
{
    for (int i = 0; i < n; i++) {
        y[i] = 0;
        for (int j = 0; j < n; j++)
            y[i] += a[i * n + j] * x[j];
    }
}

int main(int argc, char **argv)
{
    const int n = size_of(argc, argv, 512); /* power of two */
    const size_t cells = (size_t)n * (size_t)n;
    double *a = memory(cells * sizeof *a), *b = memory(cells * sizeof *b),
           *c = memory(cells * sizeof *c);
    double *v = memory(4 * (size_t)n * sizeof *v), *bv = v + n, *abv = bv + n, *cv = abv + n;
    for (size_t i = 0; i < cells; i++) {
        a[i] = (double)(mix(i) % 100);
        b[i] = (double)(mix(i + cells) % 100);
    }
    for (int i = 0; i < n; i++)
        v[i] = (double)(mix((uint64_t)i) % 10);
    const double begin = now();
#pragma omp parallel
#pragma omp single
    multiply((part){a, n}, (part){b, n}, (part){c, n}, n);
    const double seconds = now() - begin;
    times_vector(b, v, bv, n);
    times_vector(a, bv, abv, n);
    times_vector(c, v, cv, n);
    bool fine = true;
    for (int i = 0; i < n; i++)
        fine = fine && fabs(abv[i] - cv[i]) <= 1e-9 * fabs(abv[i]);
    free(a), free(b), free(c), free(v);
    return report("strassen", seconds, fine);
}
