/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Stopping a service by a context: nothing more is taken in, what waits is not begun, and what is in
 * progress ends cleanly. For service authors.
 *
 *   cc -O2 cancel.c $(pkg-config --cflags --libs filch) -o cancel */
#include <err.h>
#include <filch/filch.h>
#include <filch/pools.h>
#include <stdio.h>
#include <string.h>

enum { CAMERAS = 8, WIDTH = 3 };

typedef struct camera {
    bool opened, closed; /* its file */
    long pictures;
} camera;

static filch_semaphore recording; /* a permit for each that has begun */

/* Picture after picture until it is told to stop; then it closes its file, and has succeeded. */
static int record(filch_self self, filch_job *job, void *data)
{
    (void)self;
    camera *mine = data;
    mine->opened = true;
    filch_semaphore_give_back(&recording, 1);
    while (!filch_context_sleep(filch_job_context(job), FILCH_MILLISECOND))
        mine->pictures++;
    mine->closed = true;
    return 0;
}

int main(void)
{
    camera cameras[CAMERAS + 1] = {{0}};
    filch_context *stop;
    filch_pool *pool;
    if (filch_context_create(&stop, NULL) ||
        filch_pool_create(&pool, &(filch_pool_config){.width = WIDTH, .context = stop}))
        errx(1, "%s", filch_error());
    for (int i = 0; i < CAMERAS; i++)
        if (FILCH_SUBMIT(pool, record, &cameras[i]))
            errx(1, "%s", filch_error());
    filch_semaphore_acquire(&recording, WIDTH);
    filch_pool_stats stats;
    filch_pool_stats_read(pool, &stats, sizeof stats);
    printf("%d in progress, %d waiting\n", (int)stats.running, (int)stats.waiting);

    filch_context_cancel(stop, 0); /* by anybody, at any time; here by main */
    int rc = FILCH_SUBMIT(pool, record, &cameras[CAMERAS]);
    printf("one more: %s\n", strerror(-rc));
    if (filch_pool_wait(pool, FILCH_FOREVER))
        errx(1, "%s", filch_error());

    filch_pool_stats_read(pool, &stats, sizeof stats);
    printf("%d ended cleanly, %d never began\n", (int)stats.outcomes[FILCH_SUCCEEDED],
           (int)stats.outcomes[FILCH_CANCELLED]);
    int opened = 0, closed = 0;
    for (int i = 0; i <= CAMERAS; i++) {
        opened += cameras[i].opened;
        closed += cameras[i].closed;
    }
    printf("files opened: %d, closed: %d\n", opened, closed);
    filch_context_release(stop);
    return filch_pool_destroy(pool) ? 1 : 0;
}
