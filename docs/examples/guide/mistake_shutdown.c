/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A classic mistake: a service that is told to end waits for a job that does not. For service
 * authors.
 *
 *   cc mistake_shutdown.c $(pkg-config --cflags --libs filch) -o mistake_shutdown */
#include <errno.h>
#include <filch/filch.h>
#include <filch/pools.h>
#include <stdio.h>

enum { QUICK = 3 };

static filch_waitgroup quick;

static int answer(filch_self self, filch_job *job, void *data)
{
    (void)self, (void)job, (void)data;
    filch_waitgroup_done(&quick);
    return 0;
}

/* Waits for a peer that has gone; but it has a context, and looks at it. */
static int ask_peer(filch_self self, filch_job *job, void *data)
{
    (void)self, (void)data;
    return filch_context_wait(filch_job_context(job), FILCH_FOREVER);
}

int main(void)
{
    filch_pool *pool;
    filch_pool_stats stats;
    if (filch_pool_create(&pool, &(filch_pool_config){.width = 2}))
        return fprintf(stderr, "mistake_shutdown: %s\n", filch_error()), 1;
    filch_waitgroup_add(&quick, QUICK);
    int rc = FILCH_SUBMIT(pool, ask_peer, NULL);
    for (int i = 0; i < QUICK && !rc; i++)
        rc = FILCH_SUBMIT(pool, answer, NULL);
    if (rc)
        return fprintf(stderr, "mistake_shutdown: %s\n", filch_error()), 1;
    filch_waitgroup_wait(&quick);

    /* filch_pool_destroy(pool) would wait forever now. */
    rc = filch_pool_wait(pool, filch_in(50 * FILCH_MILLISECOND));
    printf("after a while: %s\n", rc == -ETIMEDOUT ? "not all is done" : "all is done");
    rc = filch_pool_shutdown(pool, filch_in(50 * FILCH_MILLISECOND));
    printf("shut down: %s\n", rc == -ETIMEDOUT ? "some had to be cancelled" : "all was done");
    filch_pool_stats_read(pool, &stats, sizeof stats);
    printf("%d succeeded, %d cancelled, %d in progress\n", (int)stats.outcomes[FILCH_SUCCEEDED],
           (int)stats.outcomes[FILCH_CANCELLED], (int)stats.running);
    return filch_pool_destroy(pool);
}
