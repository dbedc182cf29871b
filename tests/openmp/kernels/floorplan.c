/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Search for the smallest rectangle that holds a list of cells. Each cell lies upright or on its
 * side, and beside or below an earlier one. A task for each placement copies the board; the best
 * area so far is shared and cuts the search. */
#include "kernel.h"

#include <string.h>

enum { BOARD = 32, CELLS = 10, CUTOFF = 5 };

typedef struct place {
    int x, y, width, height;
} place;

typedef struct plan {
    uint32_t rows[BOARD]; /* bit x: the square is taken */
    place cells[CELLS];
    int width, height;
} plan;

static int best, count;
static place sizes[CELLS];

/* Puts a cell on the board; false: no room, or the area is not below the best one. */
static bool put(plan *p, int index, place at)
{
    const uint32_t bits = ((UINT32_C(1) << at.width) - 1) << at.x;
    int known;
    if (at.x + at.width >= BOARD || at.y + at.height >= BOARD)
        return false;
    for (int y = at.y; y < at.y + at.height; y++)
        if (p->rows[y] & bits)
            return false;
    for (int y = at.y; y < at.y + at.height; y++)
        p->rows[y] |= bits;
    p->cells[index] = at;
    p->width = at.x + at.width > p->width ? at.x + at.width : p->width;
    p->height = at.y + at.height > p->height ? at.y + at.height : p->height;
#pragma omp atomic read
    known = best;
    return p->width * p->height < known;
}

static void improve(int area)
{
#pragma omp critical(best_area)
    if (area < best)
#pragma omp atomic write
        best = area;
}

static void search(const plan *from, int index);

/* The choice has three parts: the earlier cell, the side of it, and the way the new cell lies. */
static void try_choice(const plan *from, int index, int choice)
{
    const place *next_to = &from->cells[choice / 4];
    place at = sizes[index];
    if (choice % 2)
        at = (place){0, 0, at.height, at.width};
    at.x = choice & 2 ? next_to->x : next_to->x + next_to->width;
    at.y = choice & 2 ? next_to->y + next_to->height : next_to->y;
    plan own = *from;
    if (put(&own, index, at))
        search(&own, index + 1);
}

static void search(const plan *from, int index)
{
    if (index == count) {
        improve(from->width * from->height);
        return;
    }
    for (int choice = 0; choice < 4 * index; choice++)
#pragma omp task untied if (index < CUTOFF)
        try_choice(from, index, choice);
#pragma omp taskwait
}

static int solve(void)
{
    plan empty;
    memset(&empty, 0, sizeof empty);
    best = BOARD * BOARD;
    put(&empty, 0, sizes[0]);
    search(&empty, 1);
    return best;
}

int main(int argc, char **argv)
{
    count = size_of(argc, argv, 9);
    if (count > CELLS)
        return 2;
    for (int i = 0; i < count; i++)
        sizes[i] =
            (place){0, 0, 1 + (int)(mix((uint64_t)i) % 4), 2 + (int)(mix((uint64_t)i + 99) % 4)};
    int found = 0;
    const double begin = now();
#pragma omp parallel
#pragma omp single
    found = solve();
    const double seconds = now() - begin;
    return report("floorplan", seconds, found == solve());
}
