/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * C = A * B for square int matrices by divide and conquer: four quarters of C at once, then the
 * four other halves of the sums on top of them. Regular, cache-oblivious, leaves of about 45 us. */
#include "kernel.h"
#include "matrices.h"

VOID_TASK(multiply, (const int *, a), (const int *, b), (int *, c), (long, n), (long, stride))
{
    if (n == MATRICES_LEAF) {
        matrices_leaf(a, stride, b, stride, c, stride);
        return;
    }
    long half = n / 2, down = half * stride;
    const int *a_right = a + half, *b_below = b + down;
    /* The last fork is joined, and so run, first: this way one worker goes through memory in
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

static void run_matmul(void *place, kernel_run *run)
{
    const matrices *m = DATA(matrices, run);
    RUN(place, multiply, m->a, m->b, m->c, run->size->n, run->size->n + MATMUL_PAD);
}

const kernel KERNEL(matmul) = {
    .name = "matmul",
    .what = "int matrix product by divide and conquer: regular, tasks of about 50 us",
    .source = "Frigo, Leiserson, Prokop, Ramachandran, FOCS 1999",
    .quick_unless_asked = true,
    .sizes = {{"128", 128, 34274902873137, 6},
              {"512", 512, 35174022222158240, 438},
              {"1024", 1024, 1125726735879675536, 3510}},
    .setup = matrices_setup,
    .prepare = matrices_clear,
    .run = run_matmul,
    .finish = matrices_sum,
    .teardown = data_teardown,
};
