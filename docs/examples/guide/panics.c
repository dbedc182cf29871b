/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Jobs that cannot go on: a panic ends one job, what it holds is given back, and the pool works on.
 * For service authors.
 *
 *   cc -O2 panics.c $(pkg-config --cflags --libs filch) -o panics */
#include <err.h>
#include <errno.h>
#include <filch/filch.h>
#include <filch/pools.h>
#include <stdio.h>
#include <stdlib.h>

enum { IMAGES = 8, WIDTH = 3 };

typedef struct image {
    int number, rows;
    filch_outcome outcome;
    filch_failure why;
} image;

static filch_semaphore buffers; /* a permit for each buffer that was given back */

static void give_back(void *buffer)
{
    free(buffer);
    filch_semaphore_give_back(&buffers, 1);
}

/* Deep down, where nobody expects it. */
static void darken(char *rows, const image *mine, int row)
{
    if (row >= mine->rows)
        FILCH_PANIC(-ERANGE, "image %d has no row %d", mine->number, row);
    rows[row] = 1;
}

static int render(filch_self self, filch_job *job, void *data)
{
    (void)job;
    image *mine = data;
    char *rows = malloc((size_t)mine->rows);
    if (!rows)
        return -ENOMEM;
    FILCH_DEFER(give_back, rows); /* whichever way this function is left */
    for (int row = 0; row < 100; row++)
        darken(rows, mine, row);
    return 0;
}

static void note(filch_job *job, filch_outcome outcome, const filch_failure *why, void *data)
{
    (void)job;
    image *mine = data;
    mine->outcome = outcome;
    if (why)
        mine->why = *why;
}

int main(void)
{
    image images[IMAGES];
    filch_pool *pool;
    if (filch_pool_create(&pool, &(filch_pool_config){.width = WIDTH}))
        errx(1, "%s", filch_error());
    for (int i = 0; i < IMAGES; i++) {
        images[i] = (image){.number = i + 1, .rows = i == 2 || i == 5 ? 90 + i : 100};
        if (FILCH_SUBMIT_AS(pool, render, &images[i], .done = note))
            errx(1, "%s", filch_error());
    }
    if (filch_pool_destroy(pool)) /* nobody has died: all jobs have an outcome */
        errx(1, "%s", filch_error());

    int rendered = 0;
    for (int i = 0; i < IMAGES; i++) {
        rendered += images[i].outcome == FILCH_SUCCEEDED;
        if (images[i].outcome == FILCH_PANICKED)
            printf("%s panicked: %s\n", images[i].why.task, images[i].why.message);
    }
    printf("%d of %d images rendered, %u of %d buffers given back\n", rendered, IMAGES,
           filch_semaphore_available(&buffers), IMAGES);
    return 0;
}
