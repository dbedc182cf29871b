/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The simplest pool: ten jobs, three in progress at a time. For everybody: begin here.
 *
 *   cc -O2 simple_pool.c $(pkg-config --cflags --libs filch) -o simple_pool */
#include <filch/filch.h>
#include <stdio.h>

enum { JOBS = 10 };

typedef struct parcel {
    int number, weight; /* weight: what the job finds out, in grams */
} parcel;

static int weigh(filch_self self, filch_job *job, void *data)
{
    (void)self, (void)job;
    parcel *mine = data;
    mine->weight = 100 + mine->number * 25;
    return 0;
}

int main(void)
{
    filch_pool *pool;
    parcel parcels[JOBS] = {{0}};
    if (filch_pool_create(&pool, &(filch_pool_config){.width = 3}))
        return fprintf(stderr, "simple_pool: %s\n", filch_error()), 1;

    int rc = 0;
    for (int i = 0; i < JOBS && !rc; i++) {
        parcels[i].number = i + 1;
        rc = FILCH_SUBMIT(pool, weigh, &parcels[i]);
    }
    if (rc)
        fprintf(stderr, "simple_pool: %s\n", filch_error());

    filch_pool_destroy(pool); /* waits until all is done */
    int sum = 0;
    for (int i = 0; i < JOBS; i++)
        sum += parcels[i].weight;
    printf("%d parcels, %d g\n", JOBS, sum);
    return rc ? 1 : 0;
}
