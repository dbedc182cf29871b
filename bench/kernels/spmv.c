/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Ten products of a sparse matrix and a vector. Rows are of very different lengths: the longest is
 * full, the r-th longest has the r-th part of it, and they lie in no order. Tasks are made of rows,
 * not of entries, except that a long row is itself cut: irregular loops within loops, random
 * memory. Numbers wrap modulo 2^32, so that sums do not depend on their order. */
#include "spmv.h"

#include "kernel.h"

#include <errno.h>

enum { PRODUCTS = 10, BAND = 64, PIECE = 4096 };

static uint32_t dot(const spmv_data *d, uint32_t from, uint32_t to)
{
    uint32_t sum = 0;
    for (uint32_t e = from; e < to; e++)
        sum += d->values[e] * d->x[d->columns[e]];
    return sum;
}

/* Entries [from, to) of one row. */
TASK(uint32_t, long_row, (const spmv_data *, d), (uint32_t, from), (uint32_t, to))
{
    if (to - from <= PIECE)
        return dot(d, from, to);
    const uint32_t middle = from + (to - from) / 2;
    FORK(uint32_t, right, long_row, d, middle, to);
    const uint32_t left = CALL(long_row, d, from, middle);
    JOIN(uint32_t, right, long_row);
    return left + right;
}

VOID_TASK(rows, (const spmv_data *, d), (long, from), (long, to))
{
    if (to - from > BAND) {
        const long middle = from + (to - from) / 2;
        FORK_VOID(rows, d, middle, to);
        CALL(rows, d, from, middle);
        JOIN_VOID(rows);
        return;
    }
    for (long i = from; i < to; i++)
        d->y[i] = CALL(long_row, d, d->start[i], d->start[i + 1]);
}

VOID_TASK(products, (spmv_data *, d))
{
    for (int i = 0; i < PRODUCTS; i++) {
        CALL(rows, d, 0, d->n);
        uint32_t *swap = d->x;
        d->x = d->y;
        d->y = swap;
    }
}

/* The place of row i in the order of lengths: an odd factor permutes the numbers below a power of
 * two. */
static uint32_t entries_of(long i, long n)
{
    const long rank = (i * 40503 + 77) % n;
    return (uint32_t)(n / (rank + 1));
}

static void fill(spmv_data *d)
{
    uint64_t state = 3;
    uint32_t at = 0;
    for (long i = 0; i < d->n; i++) {
        d->start[i] = at;
        for (uint32_t e = entries_of(i, d->n); e > 0; e--, at++) {
            state = state * 6364136223846793005u + 1442695040888963407u;
            d->columns[at] = (uint32_t)(state >> 32) & (uint32_t)(d->n - 1);
            d->values[at] = (uint32_t)(state >> 16 & 0xff);
        }
    }
    d->start[d->n] = at;
}

static int setup(kernel_run *run)
{
    const long n = run->size->n;
    size_t entries = 0;
    for (long i = 0; i < n; i++)
        entries += entries_of(i, n);
    if (!data_setup(run, sizeof(spmv_data), (3 * (size_t)n + 1 + 2 * entries) * sizeof(uint32_t)))
        return -ENOMEM;
    uint32_t *numbers = data_items(run);
    spmv_data *d = DATA(spmv_data, run);
    *d = (spmv_data){.x = numbers,
                     .y = numbers + n,
                     .start = numbers + 2 * n,
                     .columns = numbers + 3 * n + 1,
                     .values = numbers + 3 * n + 1 + entries,
                     .n = n};
    fill(d);
    return 0;
}

static void prepare(kernel_run *run)
{
    spmv_data *d = DATA(spmv_data, run);
    for (long i = 0; i < d->n; i++) {
        d->x[i] = (uint32_t)i + 1;
        d->y[i] = 0;
    }
}

static void run_spmv(void *place, kernel_run *run)
{
    RUN(place, products, DATA(spmv_data, run));
}

static void finish(kernel_run *run)
{
    const spmv_data *d = DATA(spmv_data, run);
    run->answer = 0;
    for (long i = 0; i < d->n; i++)
        run->answer += (uint64_t)(i + 1) * d->x[i];
}

const kernel KERNEL(spmv) = {
    .name = "spmv",
    .what = "sparse matrix by vector, row lengths by a power law: uneven loops within loops",
    .source = "Bell and Garland, SC 2009; lengths by Zipf's law",
    .sizes = {{"2^10 rows", 1 << 10, 1151154746150111u, 150},
              {"2^17 rows", 1 << 17, 18393867600137520704u, 21760},
              {"2^20 rows", 1 << 20, 13786579438927131637u, 181760}},
    .shown = KERNEL_WITH_ALL,
    .setup = setup,
    .prepare = prepare,
    .run = run_spmv,
    .finish = finish,
    .teardown = data_teardown,
};
