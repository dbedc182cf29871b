/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * How long is the longest common subsequence of two texts? The table of Wagner and Fischer (1974) is cut into blocks; each is
 * a task whose future others await: a block needs the one above and the one to its left. So the work runs over the
 * table as a wave, without a plan. Shows FILCH_ASYNC, futures with several awaiters, and a chain of filch_then.
 *
 *   cc -O2 futures.c $(pkg-config --cflags --libs filch) -o futures
 *   ./futures [LENGTH] */
#include <err.h>
#include <filch/filch.h>
#include <stdio.h>
#include <stdlib.h>

enum { BLOCK = 256, MOST = 64 };

typedef struct table {
    int n, blocks; /* both texts are so long */
    char *a, *b;
    int *cells; /* (n + 1) rows and columns; row 0 and column 0 are 0 */
    filch_future done[MOST][MOST];
} table;

static int end_of(const table *t, int block)
{
    return (block + 1) * BLOCK < t->n ? (block + 1) * BLOCK : t->n;
}

FILCH_TASK(int, fill, (table *, t), (int, row), (int, column))
{
    if (row > 0)
        filch_await(&t->done[row - 1][column]);
    if (column > 0)
        filch_await(&t->done[row][column - 1]);
    size_t width = (size_t)t->n + 1;
    for (int i = row * BLOCK; i < end_of(t, row); i++)
        for (int j = column * BLOCK; j < end_of(t, column); j++) {
            int *at = &t->cells[(size_t)i * width + (size_t)j], up = at[1], left = at[width];
            at[width + 1] = t->a[i] == t->b[j] ? at[0] + 1 : up > left ? up : left;
        }
    return t->cells[(size_t)end_of(t, row) * width + (size_t)end_of(t, column)];
}

/* In percent. */
static int share(filch_self self, const void *length, void *result, void *arg)
{
    (void)self;
    const table *t = arg;
    *(double *)result = 100.0 * *(const int *)length / t->n;
    return 0;
}

static char *random_text(int n, uint32_t seed)
{
    char *text = malloc((size_t)n);
    for (int i = 0; text && i < n; i++) {
        seed = seed * 1664525 + 1013904223;
        text[i] = "acgt"[seed >> 30];
    }
    return text;
}

int main(int argc, char **argv)
{
    filch_runtime *rt;
    static table t;
    t.n = argc > 1 ? atoi(argv[1]) : 5000;
    t.blocks = (t.n + BLOCK - 1) / BLOCK;
    if (t.n < 1 || t.blocks > MOST)
        errx(1, "a length of 1 to %d", BLOCK * MOST);
    t.a = random_text(t.n, 1);
    t.b = random_text(t.n, 2);
    t.cells = calloc((size_t)t.n + 1, ((size_t)t.n + 1) * sizeof *t.cells);
    if (!t.a || !t.b || !t.cells)
        err(1, NULL);
    if (filch_runtime_create(&rt, NULL))
        errx(1, "%s", filch_error());
    for (int row = t.blocks;
         row-- > 0;) /* the last ones first: tasks wait for what is not there yet */
        for (int column = t.blocks; column-- > 0;)
            if (FILCH_ASYNC(rt, &t.done[row][column], fill, &t, row, column))
                errx(1, "%s", filch_error());
    filch_future *last = &t.done[t.blocks - 1][t.blocks - 1], percent = {0};
    double found;
    if (filch_then(&percent, last, rt, share, &t, sizeof(double)) ||
        FILCH_AWAIT_VALUE(&found, &percent))
        errx(1, "%s", filch_error());
    printf("%d of %d, %.1f %%\n", FILCH_VALUE(int, last), t.n, found);
    filch_runtime_destroy(rt);
    free(t.a);
    free(t.b);
    free(t.cells);
}
