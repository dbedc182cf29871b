/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A classic mistake: the channel of results is closed when all jobs have been submitted, and not
 * when all have sent. For everybody who collects results.
 *
 *   cc mistake_closed_early.c $(pkg-config --cflags --libs filch) -o mistake_closed_early */
#include <filch/filch.h>
#include <filch/pools.h>
#include <stdio.h>

enum { JOBS = 10 };

static filch_channel *results;
static filch_waitgroup start; /* jobs begin late, so that it goes wrong every time */

static int square(filch_self self, filch_job *job, void *data)
{
    (void)self, (void)job;
    long n = (long)(intptr_t)data, squared = n * n;
    filch_waitgroup_wait(&start);
    return filch_channel_send(results, &squared); /* its error becomes the job's outcome */
}

static int collect(const char *name, bool early)
{
    filch_pool *pool;
    filch_pool_stats stats;
    int count = 0, rc = 0;
    long sum = 0;
    if (filch_channel_create(&results, sizeof(long), JOBS) ||
        filch_pool_create(&pool, &(filch_pool_config){.width = 4}))
        return -1;
    filch_waitgroup_add(&start, 1);
    for (int i = 1; i <= JOBS && !rc; i++)
        rc = FILCH_SUBMIT(pool, square, (void *)(intptr_t)i);
    if (early)
        filch_channel_close(results);
    filch_waitgroup_done(&start);
    filch_pool_wait(pool, FILCH_FOREVER);
    if (!early)
        filch_channel_close(results);
    FILCH_EACH(long, one, results)
    {
        count++;
        sum += one;
    }
    filch_pool_stats_read(pool, &stats, sizeof stats);
    printf("%s: %d results, sum %ld; %d jobs failed\n", name, count, sum,
           (int)stats.outcomes[FILCH_FAILED]);
    filch_channel_destroy(results);
    return rc ? rc : filch_pool_destroy(pool);
}

int main(void)
{
    if (collect("closed after the last submission", true) ||
        collect("closed after the last job", false))
        return fprintf(stderr, "mistake_closed_early: %s\n", filch_error()), 1;
    return 0;
}
