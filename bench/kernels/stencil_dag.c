/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A wavefront: the longest common subsequence of two random strings by dynamic programming, in
 * blocks. A block needs the one above and the one to its left; the task that finishes the second of
 * these forks it. Parallelism grows to the width of the matrix and shrinks again, and the tree of
 * forks is not known before they happen: fork/join as a runner of dependency graphs.
 *
 * The counter of a block is the edge between its two predecessors and it (acquire, release); all
 * else is ordered by forks. */
#include "stencil_dag.h"

#include "kernel.h"

#include <errno.h>

enum { BLOCK = 128 };

/* Fills one block: row holds the line above it and then its last one, column likewise. */
static void fill(const stencil_data *d, long i0, long j0, uint32_t corner)
{
    for (long i = i0; i < i0 + BLOCK; i++) {
        uint32_t left = d->column[i], diagonal = corner;
        corner = left;
        for (long j = j0; j < j0 + BLOCK; j++) {
            const uint32_t up = d->row[j], longer = up > left ? up : left;
            left = d->a[i] == d->b[j] ? diagonal + 1 : longer;
            diagonal = up;
            d->row[j] = left;
        }
        d->column[i] = left;
    }
}

/* Notifies a block that one of its predecessors is done. True: that was the last one. */
static bool is_ready(const stencil_data *d, long i, long j)
{
    return i < d->side && j < d->side &&
           filch_u32_add(&d->waiting[i * d->side + j], (uint32_t)-1, FILCH_ACQ_REL) == 1;
}

VOID_TASK(block, (const stencil_data *, d), (long, i), (long, j))
{
    const long corners = d->side + 1;
    int forked = 0;
    fill(d, i * BLOCK, j * BLOCK, d->corner[i * corners + j]);
    d->corner[(i + 1) * corners + j + 1] = d->row[(j + 1) * BLOCK - 1];
    if (is_ready(d, i + 1, j)) {
        FORK_VOID(block, d, i + 1, j);
        forked++;
    }
    if (is_ready(d, i, j + 1)) {
        FORK_VOID(block, d, i, j + 1);
        forked++;
    }
    for (; forked > 0; forked--)
        JOIN_VOID(block);
}

static int setup(kernel_run *run)
{
    const long n = run->size->n, side = n / BLOCK, corners = side + 1;
    if (!data_setup(run, sizeof(stencil_data),
                    (size_t)(2 * n + side * side + corners * corners) * sizeof(uint32_t) +
                        2 * (size_t)n))
        return -ENOMEM;
    uint32_t *numbers = data_items(run);
    stencil_data *d = DATA(stencil_data, run);
    *d = (stencil_data){.row = numbers, .column = numbers + n, .n = n, .side = side};
    d->corner = numbers + 2 * n;
    d->waiting = (filch_u32 *)(void *)(d->corner + corners * corners);
    d->a = (uint8_t *)(d->waiting + side * side);
    d->b = d->a + n;
    uint32_t state = 11;
    for (long i = 0; i < 2 * n; i++) {
        state = state * 1664525u + 1013904223u;
        d->a[i] = (uint8_t)(state >> 30); /* four letters */
    }
    return 0;
}

static void prepare(kernel_run *run)
{
    const stencil_data *d = DATA(stencil_data, run);
    const long corners = d->side + 1;
    memset(d->row, 0, (size_t)(2 * d->n + corners * corners) * sizeof(uint32_t));
    for (long i = 0; i < d->side * d->side; i++)
        filch_u32_store(&d->waiting[i], (i >= d->side) + (i % d->side > 0), FILCH_RELAXED);
}

static void run_stencil_dag(void *place, kernel_run *run)
{
    RUN(place, block, DATA(stencil_data, run), 0, 0);
}

static void finish(kernel_run *run)
{
    const stencil_data *d = DATA(stencil_data, run);
    run->answer = d->row[d->n - 1];
}

const kernel KERNEL(stencil_dag) = {
    .name = "stencil-dag",
    .what = "wavefront: longest common subsequence by blocks, each forked by its last predecessor",
    .source = "Hirschberg 1975; the answers are those of a bit-parallel algorithm",
    .sizes = {{"512", 512, 329, 15}, {"4096", 4096, 2667, 1023}, {"16384", 16384, 10703, 16383}},
    .shown = KERNEL_WITH_ALL,
    .setup = setup,
    .prepare = prepare,
    .run = run_stencil_dag,
    .finish = finish,
    .teardown = data_teardown,
};
