/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Counts the ways to place n queens on an n x n board: an irregular tree of small tasks. A task is
 * one queen that stands: it copies the board above it, which lies in its parent's frame, adds
 * itself and tries the next row. */
#include "kernel.h"

enum { MOST = 20 };

typedef signed char board[MOST]; /* the column of the queen in each row */

static bool stands(const signed char *queens, int row, int column)
{
    for (int above = 0; above < row; above++) {
        int aside = queens[above] - column, distance = row - above;
        if (aside == 0 || aside == distance || aside == -distance)
            return false;
    }
    return true;
}

/* One queen more: number `row`, in that column of its row, below those that stand above. */
TASK(long, place, (const signed char *, above), (int, column), (int, row), (int, n))
{
    board queens;
    memcpy(queens, above, (size_t)row - 1);
    queens[row - 1] = (signed char)column;
    if (row == n)
        return 1;
    long ways = 0;
    int forked = 0;
    for (int next = 0; next < n; next++) {
        if (!stands(queens, row, next))
            continue;
        FORK_ADD(ways, place, queens, next, row + 1, n);
        forked++;
    }
    for (; forked > 0; forked--)
        JOIN_ADD(ways, place);
    return ways;
}

TASK(long, place_first, (int, n))
{
    board none = {0};
    long ways = 0;
    for (int column = 0; column < n; column++)
        FORK_ADD(ways, place, none, column, 1, n);
    for (int column = 0; column < n; column++)
        JOIN_ADD(ways, place);
    return ways;
}

static void run_nqueens(void *where, kernel_run *run)
{
    run->answer = (uint64_t)RUN(where, place_first, (int)run->size->n);
}

const kernel KERNEL(nqueens) = {
    .name = "nqueens",
    .what = "all ways to place n queens: irregular, tasks of about 100 ns",
    .source = "Duran and others, Barcelona OpenMP Tasks Suite, ICPP 2009",
    .sizes = {{"6", 6, 4, 152}, {"11", 11, 2680, 166925}, {"13", 13, 73712, 4674889}},
    .run = run_nqueens,
};
