/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Counts the ways to place n queens on an n x n board: an irregular tree of small tasks. A task is one queen that
 * stands; the queens above it are found by walking up through its ancestors' frames, which live until they join. */
#include "kernel.h"

enum { MOST = 20 };

typedef struct queen {
    const struct queen *above;
    int column;
} queen;

static bool stands(const queen *above, int column)
{
    int left = column - 1, right = column + 1;
    for (; above; above = above->above, left--, right++)
        if (above->column == column || above->column == left || above->column == right)
            return false;
    return true;
}

TASK(long, place_below, (const queen *, last), (int, rows_left), (int, n))
{
    if (rows_left == 0)
        return 1;
    queen row[MOST];
    long ways = 0;
    int forked = 0;
    for (int column = 0; column < n; column++) {
        if (!stands(last, column))
            continue;
        row[forked] = (queen){last, column};
        FORK_ADD(ways, place_below, &row[forked], rows_left - 1, n);
        forked++;
    }
    while (forked-- > 0)
        JOIN_ADD(ways, place_below);
    return ways;
}

static void run_nqueens(void *place, kernel_run *run)
{
    int n = (int)run->size->n;
    run->answer = (uint64_t)RUN(place, place_below, NULL, n, n);
}

const kernel KERNEL(nqueens) = {
    .name = "nqueens",
    .what = "all ways to place n queens: irregular, tasks of about 100 ns",
    .source = "Duran and others, Barcelona OpenMP Tasks Suite, ICPP 2009",
    .sizes = {{"6", 6, 4, 152}, {"11", 11, 2680, 166925}, {"13", 13, 73712, 4674889}},
    .run = run_nqueens,
};
