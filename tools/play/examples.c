/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Each task begins with a mark of its own name: the film shows the value as its argument. */
#include "examples.h"

#include <filch/channel.h>
#include <filch/trace.h>
#include <string.h>

static void enter(const char *task, unsigned argument)
{
    filch_trace_mark(task, argument);
}

/* ---- fib ---- */

FILCH_TASK(long, fib, (unsigned, n))
{
    enter("fib", n);
    if (n < 2)
        return n;
    FILCH_FORK(fib, n - 1);
    long right = fib(self, n - 2);
    FILCH_JOIN(long left, fib);
    return left + right;
}

static bool run_fib(filch_runtime *rt, unsigned number)
{
    long before = 0, last = 1;
    for (unsigned i = 1; i < number; i++) {
        long next = before + last;
        before = last;
        last = next;
    }
    return FILCH_RUN(rt, fib, number) == last;
}

/* ---- tree ---- */

/* A complete binary tree: both halves are forked. */
FILCH_TASK(long, tree, (unsigned, depth))
{
    enter("tree", depth);
    if (depth == 0)
        return 1;
    FILCH_FORK(tree, depth - 1);
    FILCH_FORK(tree, depth - 1);
    FILCH_JOIN(long right, tree);
    FILCH_JOIN(long left, tree);
    return left + right;
}

static bool run_tree(filch_runtime *rt, unsigned number)
{
    return FILCH_RUN(rt, tree, number) == 1L << number;
}

/* ---- nqueens ---- */

/* A digit for each row: the column of its queen. */
static bool is_safe(unsigned board, unsigned column)
{
    for (unsigned rows = 1; board; board /= 10, rows++) {
        unsigned other = board % 10;
        if (other == column || other + rows == column || column + rows == other)
            return false;
    }
    return true;
}

FILCH_TASK(long, queens, (unsigned, size), (unsigned, row), (unsigned, board))
{
    enter("queens", board);
    unsigned forks = 0;
    long found = 0;
    if (row == size)
        return 1;
    for (unsigned column = 1; column <= size; column++) {
        if (!is_safe(board, column))
            continue;
        FILCH_FORK(queens, size, row + 1, board * 10 + column);
        forks++;
    }
    for (; forks; forks--) {
        FILCH_JOIN(long below, queens);
        found += below;
    }
    return found;
}

static bool run_nqueens(filch_runtime *rt, unsigned number)
{
    static const long solutions[] = {1, 1, 0, 0, 2, 10, 4};
    return FILCH_RUN(rt, queens, number, 0u, 0u) == solutions[number];
}

/* ---- pingpong ---- */

typedef struct table {
    filch_channel *there, *back;
    unsigned rounds;
} table;

FILCH_TASK(long, pong, (const table *, t))
{
    enter("pong", t->rounds);
    unsigned ball = 0;
    while (ball < t->rounds && filch_channel_receive(t->there, &ball) == 0)
        filch_channel_send(t->back, &ball);
    return ball;
}

/* Its fork cannot be joined before both have played: the wait for the ball offers it to all workers. */
FILCH_TASK(long, ping, (const table *, t))
{
    enter("ping", t->rounds);
    unsigned ball = 0;
    FILCH_FORK(pong, t);
    for (unsigned i = 1; i <= t->rounds; i++) {
        filch_channel_send(t->there, &i);
        filch_channel_receive(t->back, &ball);
    }
    FILCH_JOIN(long last, pong);
    return last == ball ? last : -1;
}

static bool run_pingpong(filch_runtime *rt, unsigned number)
{
    table t = {.rounds = number};
    bool is_right = !filch_channel_create(&t.there, sizeof number, 0) &&
                    !filch_channel_create(&t.back, sizeof number, 0) &&
                    FILCH_RUN(rt, ping, &t) == (long)number;
    filch_channel_destroy(t.there);
    filch_channel_destroy(t.back);
    return is_right;
}

/* ---- The table ---- */

const example examples[] = {
    {"fib", "Fibonacci numbers: one half forked, one called", "n", 6, 16, run_fib},
    {"tree", "a binary tree: both halves forked", "depth", 3, 10, run_tree},
    {"nqueens", "queens on a board: a fork for each safe column", "size", 4, 6, run_nqueens},
    {"pingpong", "two tasks that wait for each other's ball", "rounds", 2, 100, run_pingpong},
    {0},
};

const example *example_named(const char *name)
{
    for (const example *one = examples; one->name; one++)
        if (strcmp(one->name, name) == 0)
            return one;
    return NULL;
}
