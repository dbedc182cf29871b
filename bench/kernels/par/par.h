/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Shared by the kernels of this folder and the peers that also run them (bench/peers/peer.h; C and
 * C++): their data, and loop bodies that must be the same in all columns. These kernels are
 * parallel algorithms: the serial column is the usual plain code, the filch column the typed macro
 * of <filch/par.h>. Numbers are chosen so that no operation rounds: an answer does not depend on
 * the order or on the processor.
 *
 * All columns, peers included, are compiled with loops aligned to cache lines. A loop as short as x
 * * a + b takes half as long again where a line's end cuts it, and that is a matter of chance. */
#ifndef KERNELS_PAR_H
#define KERNELS_PAR_H

#include "../data.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* for: x[i] = x[i] * a + b */
typedef struct par_scale {
    float *x, a, b;
    size_t n;
} par_scale;

/* reduce: the sum of x */
typedef struct par_sum {
    double *x, sum;
    size_t n;
} par_sum;

/* scan: out[i] = in[0] + ... + in[i] */
typedef struct par_prefix {
    long *in, *out;
    size_t n;
} par_prefix;

/* sort, radix */
typedef struct par_keys {
    uint32_t *keys;
    size_t n;
} par_keys;

/* mandelbrot, triangle, for-...: counts[i] is what iteration i finds */
typedef struct par_rows {
    uint32_t *counts;
    size_t n;
    long steps; /* of an iteration of for-... */
} par_rows;

/* std::sort; only where a C++ compiler was found (PAR_HAVE_STD_SORT). */
FILCH_BEGIN_DECLS
void par_std_sort(uint32_t *keys, size_t n);
FILCH_END_DECLS

/* One row of n pixels of the Mandelbrot set: rows through its inside take a hundred times as long
 * as others. */
static inline uint32_t par_mandelbrot_row(size_t row, size_t n)
{
    enum { MOST = 256 };
    uint32_t steps = 0;
    double y0 = -1.25 + 2.5 * (double)row / (double)n;
    for (size_t column = 0; column < n; column++) {
        double x0 = -2 + 2.5 * (double)column / (double)n, x = 0, y = 0;
        int step = 0;
        for (; step < MOST && x * x + y * y < 4; step++) {
            double next = x * x - y * y + x0;
            y = 2 * x * y + y0;
            x = next;
        }
        steps += (uint32_t)step;
    }
    return steps;
}

/* Iteration i of a triangular loop: i steps, each of which needs the one before. */
static inline uint32_t par_triangle_row(size_t row)
{
    uint32_t state = (uint32_t)row;
    for (size_t i = 0; i < row; i++)
        state = state * 1664525 + 1013904223;
    return state;
}

/* Iteration i of a loop of equal iterations: steps of six cycles, each of which needs the one
 * before. Not inlined, since compilers would combine steps of neighbouring iterations into vectors.
 */
FILCH_UNUSED __attribute__((noinline)) static uint32_t par_steps(size_t i, long steps)
{
    uint32_t state = (uint32_t)i + 1;
    while (steps-- > 0) {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
    }
    return state;
}

static inline uint64_t par_rows_sum(const par_rows *d)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < d->n; i++)
        sum += d->counts[i] * (uint64_t)(i + 1);
    return sum;
}

/* As data_setup: `arrays` times n items of `item` bytes. NULL without memory. */
static inline void *par_setup(kernel_run *run, size_t size, size_t arrays, size_t item)
{
    return data_setup(run, size, arrays * (size_t)run->size->n * item) ? run->data : NULL;
}

/* The setup, prepare and finish of kernels with par_rows. -ENOMEM. */
static inline int par_rows_setup(kernel_run *run, long steps)
{
    par_rows *d = (par_rows *)par_setup(run, sizeof *d, 1, sizeof *d->counts);
    if (!d)
        return -ENOMEM;
    d->counts = (uint32_t *)data_items(run);
    d->n = (size_t)run->size->n;
    d->steps = steps;
    return 0;
}

static inline void par_rows_prepare(kernel_run *run)
{
    par_rows *d = (par_rows *)run->data;
    memset(d->counts, 0, d->n * sizeof *d->counts);
}

static inline void par_rows_finish(kernel_run *run)
{
    run->answer = par_rows_sum((const par_rows *)run->data);
}

/* An algorithm that failed has no time to be shown. */
static inline void par_expect(int rc)
{
    if (rc == 0)
        return;
    fprintf(stderr, "%s\n", filch_error());
    abort();
}

#endif
