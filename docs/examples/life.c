/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Conway's Game of Life: a gun that fires a glider every 30 generations (Gosper, 1970). Shows
 * FILCH_FOR_2D, a loop over a plane, and a task that runs many loops one after the other: only the
 * task is called from outside.
 *
 *   cc -O2 life.c $(pkg-config --cflags --libs filch) -o life
 *   ./life [GENERATIONS]
 *
 * Prints the last board, 4 x 8 cells a character, and how many cells live on it: the gun has 36,
 * and each glider 5 more, until they reach the edge. */
#include <err.h>
#include <filch/par.h>
#include <stdio.h>
#include <stdlib.h>

enum { SIDE = 256, ACROSS = 4, DOWN = 8 };

/* Row by row, 1: alive. Cells at the edge are always dead, so that all others have 8 neighbours. */
typedef uint8_t board[SIDE * SIDE];

/* 36 characters a row. */
static const char gun[] = "........................O..........."
                          "......................O.O..........."
                          "............OO......OO............OO"
                          "...........O...O....OO............OO"
                          "OO........O.....O...OO.............."
                          "OO........O...O.OO....O.O..........."
                          "..........O.....O.......O..........."
                          "...........O...O...................."
                          "............OO......................";

FILCH_FOR_2D(step, i, j, (const uint8_t *, now), (uint8_t *, next))
{
    const uint8_t *c = now + i * SIDE + j;
    int neighbours =
        c[-SIDE - 1] + c[-SIDE] + c[-SIDE + 1] + c[-1] + c[1] + c[SIDE - 1] + c[SIDE] + c[SIDE + 1];
    next[i * SIDE + j] = neighbours == 3 || (neighbours == 2 && *c);
}

/* From boards[0] to boards[generations % 2]. */
FILCH_TASK(int, play, (board *, boards), (long, generations))
{
    int rc = 0;
    for (long g = 0; g < generations && !rc; g++)
        rc = step(self, 1, SIDE - 1, 1, SIDE - 1, boards[g % 2], boards[(g + 1) % 2]);
    return rc;
}

static int alive(const uint8_t *corner, int height, int width)
{
    int sum = 0;
    for (int i = 0; i < height; i++)
        for (int j = 0; j < width; j++)
            sum += corner[i * SIDE + j];
    return sum;
}

int main(int argc, char **argv)
{
    long generations = argc > 1 ? labs(strtol(argv[1], NULL, 10)) : 750;
    static board boards[2];
    for (size_t k = 0; gun[k]; k++)
        boards[0][(k / 36 + 4) * SIDE + k % 36 + 4] = gun[k] == 'O';
    filch_runtime *rt;
    if (filch_runtime_create(&rt, NULL) || FILCH_RUN(rt, play, boards, generations))
        errx(1, "%s", filch_error());
    filch_runtime_destroy(rt);

    const uint8_t *last = boards[generations % 2];
    for (int top = 0; top < SIDE; top += DOWN) {
        for (int left = 0; left < SIDE; left += ACROSS)
            putchar(" .:*#"[(alive(last + top * SIDE + left, DOWN, ACROSS) + 3) / 4]);
        putchar('\n');
    }
    printf("generation %ld: %d cells alive\n", generations, alive(last, SIDE, SIDE));
}
