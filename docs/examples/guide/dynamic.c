/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A pool that grows under load and shrinks when it is idle: a function that looks at the pool's
 * numbers, and filch_pool_resize. For service authors.
 *
 *   cc -O2 dynamic.c $(pkg-config --cflags --libs filch) -o dynamic */
#include <err.h>
#include <filch/filch.h>
#include <filch/pools.h>
#include <stdio.h>

enum { LEAST = 2, MOST = 16, REQUESTS = 60 };

static filch_semaphore begun;   /* a permit for each request in progress */
static filch_semaphore backend; /* a permit for each answer of the backend */

static int request(filch_self self, filch_job *job, void *data)
{
    (void)self, (void)job, (void)data;
    filch_semaphore_give_back(&begun, 1);
    filch_semaphore_acquire(&backend, 1); /* waits, and holds no worker */
    return 0;
}

/* Twice as wide while more wait than are in progress; half as wide when half of it has nothing to do. */
static unsigned width_for(const filch_pool_stats *now)
{
    unsigned width = (unsigned)now->width;
    if (now->waiting > now->width && width < MOST)
        return width * 2;
    if (now->waiting == 0 && now->running <= now->width / 2 && width > LEAST)
        return width / 2;
    return width;
}

/* A service does this ten times a second. True: something has changed. */
static bool steer(filch_pool *pool)
{
    filch_pool_stats now;
    filch_pool_stats_read(pool, &now, sizeof now);
    unsigned width = width_for(&now);
    printf("%2u in progress, %2u waiting, width %2u", (unsigned)now.running, (unsigned)now.waiting,
           (unsigned)now.width);
    bool change = width != now.width;
    if (change)
        printf(" -> %u", width);
    printf("\n");
    if (change && filch_pool_resize(pool, width))
        errx(1, "%s", filch_error());
    return change;
}

int main(void)
{
    filch_pool *pool;
    if (filch_pool_create(&pool, &(filch_pool_config){.width = LEAST}))
        errx(1, "%s", filch_error());

    printf("%d requests at once\n", REQUESTS);
    for (int i = 0; i < REQUESTS; i++)
        if (FILCH_SUBMIT(pool, request, NULL))
            errx(1, "%s", filch_error());
    filch_pool_stats now;
    unsigned in_progress = 0;
    do {
        filch_pool_stats_read(pool, &now, sizeof now);
        filch_semaphore_acquire(&begun,
                                (unsigned)now.width - in_progress); /* those it makes room for */
        in_progress = (unsigned)now.width;
    } while (steer(pool));

    printf("the backend answers\n");
    filch_semaphore_give_back(&backend, REQUESTS);
    if (filch_pool_wait(pool, FILCH_FOREVER))
        errx(1, "%s", filch_error());
    while (steer(pool))
        ;
    if (filch_pool_destroy(pool))
        errx(1, "%s", filch_error());
    return 0;
}
