/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * C = A * B for square int matrices by divide and conquer: four quarters of C at once, then the
 * four other halves of the sums on top of them. Regular, cache-oblivious, leaves of about 45 us. */
#include "matmul.h"

#include "kernel.h"

#include <errno.h>
#include <stdlib.h>

enum { LEAF = 64 };

typedef struct matrices {
    int *a, *b, *c;
} matrices;

__attribute__((noinline)) static void multiply_leaf(const int *restrict a, const int *restrict b,
                                                    int *restrict c, long stride)
{
    for (int i = 0; i < LEAF; i++)
        for (int k = 0; k < LEAF; k++) {
            int factor = a[i * stride + k];
            for (int j = 0; j < LEAF; j++)
                c[i * stride + j] += factor * b[k * stride + j];
        }
}

VOID_TASK(multiply, (const int *, a), (const int *, b), (int *, c), (long, n), (long, stride))
{
    if (n == LEAF) {
        multiply_leaf(a, b, c, stride);
        return;
    }
    long half = n / 2, down = half * stride;
    const int *a_right = a + half, *b_below = b + down;
    /* What is forked last is joined, so run, first: this way one worker goes through memory in
     * ascending order, the elision in descending order; that is worth 5 % to one of them. */
    FORK_VOID(multiply, a + down, b + half, c + down + half, half, stride);
    FORK_VOID(multiply, a + down, b, c + down, half, stride);
    FORK_VOID(multiply, a, b + half, c + half, half, stride);
    CALL(multiply, a, b, c, half, stride);
    JOIN_VOID(multiply);
    JOIN_VOID(multiply);
    JOIN_VOID(multiply);
    FORK_VOID(multiply, a_right + down, b_below + half, c + down + half, half, stride);
    FORK_VOID(multiply, a_right + down, b_below, c + down, half, stride);
    FORK_VOID(multiply, a_right, b_below + half, c + half, half, stride);
    CALL(multiply, a_right, b_below, c, half, stride);
    JOIN_VOID(multiply);
    JOIN_VOID(multiply);
    JOIN_VOID(multiply);
}

static size_t bytes_of(const kernel_run *run)
{
    return (size_t)(run->size->n * (run->size->n + MATMUL_PAD)) * sizeof(int);
}

/* Of the i-th entry, row by row. */
static size_t place_of(const kernel_run *run, size_t i)
{
    size_t n = (size_t)run->size->n;
    return i / n * (n + MATMUL_PAD) + i % n;
}

static void free_matrices(kernel_run *run)
{
    matrices *m = run->data;
    free(m->a);
    free(m->b);
    free(m->c);
    free(m);
}

/* Entries stay below 100, so that no sum overflows. */
static int setup_matrices(kernel_run *run)
{
    size_t count = (size_t)(run->size->n * run->size->n), bytes = bytes_of(run);
    matrices *m = malloc(sizeof *m);
    if (!m)
        return -ENOMEM;
    *m = (matrices){malloc(bytes), malloc(bytes), malloc(bytes)};
    run->data = m;
    if (!m->a || !m->b || !m->c) {
        free_matrices(run);
        return -ENOMEM;
    }
    uint32_t state = 12345;
    for (size_t i = 0; i < count; i++) {
        state = state * 1664525u + 1013904223u;
        m->a[place_of(run, i)] = (int)(state >> 24) % 100;
        m->b[place_of(run, i)] = (int)(state >> 16 & 0xff) % 100;
    }
    return 0;
}

static void clear_product(kernel_run *run)
{
    matrices *m = run->data;
    memset(m->c, 0, bytes_of(run));
}

static void run_matmul(void *place, kernel_run *run)
{
    matrices *m = run->data;
    RUN(place, multiply, m->a, m->b, m->c, run->size->n, run->size->n + MATMUL_PAD);
}

static void sum_product(kernel_run *run)
{
    const matrices *m = run->data;
    run->answer = 0;
    for (size_t i = 0; i < (size_t)(run->size->n * run->size->n); i++)
        run->answer += (uint64_t)m->c[place_of(run, i)] * (uint64_t)(i + 1);
}

const kernel KERNEL(matmul) = {
    .name = "matmul",
    .what = "int matrix product by divide and conquer: regular, tasks of about 50 us",
    .source = "Frigo, Leiserson, Prokop, Ramachandran, FOCS 1999",
    .sizes = {{"128", 128, 34274902873137, 6},
              {"512", 512, 35174022222158240, 438},
              {"1024", 1024, 1125726735879675536, 3510}},
    .setup = setup_matrices,
    .prepare = clear_product,
    .run = run_matmul,
    .finish = sum_product,
    .teardown = free_matrices,
};
