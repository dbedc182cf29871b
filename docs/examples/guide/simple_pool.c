/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The simplest pool: ten parcels are weighed, at most three at a time. For everybody: begin here.
 *
 *   cc -O2 simple_pool.c $(pkg-config --cflags --libs filch) -o simple_pool */
#include <err.h>
#include <filch/filch.h>
#include <filch/pools.h>
#include <stdio.h>

enum { PARCELS = 10, WIDTH = 3 };

typedef struct parcel {
    int number;
    int grams; /* the job's result */
} parcel;

static int weigh(filch_self self, filch_job *job, void *data)
{
    (void)self, (void)job;
    parcel *mine = data;
    filch_sleep(FILCH_MILLISECOND); /* the scales take their time */
    mine->grams = 100 + 25 * mine->number;
    return 0;
}

int main(void)
{
    filch_pool *pool;
    parcel parcels[PARCELS];
    if (filch_pool_create(&pool, &(filch_pool_config){.width = WIDTH}))
        errx(1, "%s", filch_error());

    for (int i = 0; i < PARCELS; i++) {
        parcels[i] = (parcel){.number = i + 1};
        if (FILCH_SUBMIT(pool, weigh, &parcels[i]))
            errx(1, "%s", filch_error());
    }
    if (filch_pool_destroy(pool)) /* waits until all is done */
        errx(1, "%s", filch_error());

    int sum = 0;
    for (int i = 0; i < PARCELS; i++)
        sum += parcels[i].grams;
    printf("%d parcels weigh %d g\n", PARCELS, sum);
    return 0;
}
