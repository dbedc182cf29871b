/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Shared by matmul and strassen: the int matrices that they multiply, so that both find the same
 * product, and how leaves are multiplied. C and C++. */
#ifndef KERNELS_MATRICES_H
#define KERNELS_MATRICES_H

#include "data.h"
#include "matmul.h"

#include <errno.h>
#include <string.h>

enum { MATRICES_LEAF = 64 };

typedef struct matrices {
    int *a, *b, *c;
} matrices;

/* c += a * b for leaves, whose rows are so far apart. */
__attribute__((noinline)) static void matrices_leaf(const int *__restrict a, long a_row,
                                                    const int *__restrict b, long b_row,
                                                    int *__restrict c, long c_row)
{
    for (int i = 0; i < MATRICES_LEAF; i++)
        for (int k = 0; k < MATRICES_LEAF; k++) {
            int factor = a[i * a_row + k];
            for (int j = 0; j < MATRICES_LEAF; j++)
                c[i * c_row + j] += factor * b[k * b_row + j];
        }
}

static size_t matrices_count(const kernel_run *run)
{
    return (size_t)(run->size->n * (run->size->n + MATMUL_PAD));
}

/* Of the i-th entry, row by row. */
static size_t matrices_place(const kernel_run *run, size_t i)
{
    size_t n = (size_t)run->size->n;
    return i / n * (n + MATMUL_PAD) + i % n;
}

/* Entries stay below 100, so that no sum overflows. */
static int matrices_setup(kernel_run *run)
{
    const size_t count = matrices_count(run);
    if (!data_setup(run, sizeof(matrices), 3 * count * sizeof(int)))
        return -ENOMEM;
    int *entries = (int *)data_items(run);
    matrices *m = DATA(matrices, run);
    *m = (matrices){entries, entries + count, entries + 2 * count};
    uint32_t state = 12345;
    for (size_t i = 0; i < (size_t)(run->size->n * run->size->n); i++) {
        state = state * 1664525u + 1013904223u;
        m->a[matrices_place(run, i)] = (int)(state >> 24) % 100;
        m->b[matrices_place(run, i)] = (int)(state >> 16 & 0xff) % 100;
    }
    return 0;
}

static void matrices_clear(kernel_run *run)
{
    memset(DATA(matrices, run)->c, 0, matrices_count(run) * sizeof(int));
}

static void matrices_sum(kernel_run *run)
{
    const matrices *m = DATA(matrices, run);
    run->answer = 0;
    for (size_t i = 0; i < (size_t)(run->size->n * run->size->n); i++)
        run->answer += (uint64_t)m->c[matrices_place(run, i)] * (uint64_t)(i + 1);
}

#endif
