/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A time for each job, and a time for all of them together. For service authors.
 *
 *   cc -O2 timeouts.c $(pkg-config --cflags --libs filch) -o timeouts */
#include <err.h>
#include <errno.h>
#include <filch/filch.h>
#include <filch/pools.h>
#include <stdio.h>
#include <string.h>

enum { WIDTH = 2, PAGES = 6 };

static filch_waitgroup library; /* not done: a call into somebody else's library that hangs */

/* Looks at its context, as every job should that may take long: 0, or why it has to end. */
static int load(filch_self self, filch_job *job, void *ns)
{
    (void)self;
    return filch_context_sleep(filch_job_context(job), *(int64_t *)ns);
}

/* Cannot be stopped. */
static int hang(filch_self self, filch_job *job, void *unused)
{
    (void)self, (void)job, (void)unused;
    filch_waitgroup_wait(&library);
    return 0;
}

/* A job with a time of its own, which somebody waits for. */
static void one(filch_pool *pool, const char *what, filch_job_fn *fn, void *data, int64_t timeout)
{
    filch_job *job;
    const filch_job_options options = {.name = what, .timeout = timeout};
    if (filch_pool_submit(&job, pool, fn, data, &options, FILCH_FOREVER))
        errx(1, "%s", filch_error());
    int rc = filch_job_wait(job, FILCH_FOREVER);
    printf("%s: %s\n", what, rc ? strerror(-rc) : "in time");
    filch_job_release(job);
}

static int timed_out(filch_pool *pool)
{
    filch_pool_stats stats;
    filch_pool_stats_read(pool, &stats, sizeof stats);
    return (int)stats.outcomes[FILCH_TIMED_OUT];
}

/* All pages together have 50 ms, those that wait in the queue too. */
static void together(filch_pool *pool, int64_t *ns)
{
    filch_context *all;
    int given_up = -timed_out(pool);
    if (filch_context_create_until(&all, NULL, filch_in(50 * FILCH_MILLISECOND)))
        errx(1, "%s", filch_error());
    for (int i = 0; i < PAGES; i++) {
        int rc = FILCH_SUBMIT_AS(pool, load, ns, .context = all);
        if (rc && rc != -ETIMEDOUT)
            errx(1, "%s", filch_error());
        given_up += rc != 0; /* after 50 ms none is accepted either */
    }
    if (filch_pool_wait(pool, FILCH_FOREVER))
        errx(1, "%s", filch_error());
    filch_context_release(all);
    printf("%d of %d pages given up\n", given_up + timed_out(pool), PAGES);
}

int main(void)
{
    filch_pool *pool;
    int64_t moment = FILCH_MICROSECOND, hour = 3600 * FILCH_SECOND;
    if (filch_pool_create(&pool, &(filch_pool_config){.width = WIDTH}))
        errx(1, "%s", filch_error());

    one(pool, "quick", load, &moment, 60 * FILCH_SECOND);
    one(pool, "slow", load, &hour, 20 * FILCH_MILLISECOND);
    filch_waitgroup_add(&library, 1);
    one(pool, "deaf", hang, NULL, 20 * FILCH_MILLISECOND);
    printf("nobody waits for it; now its function returns\n");
    filch_waitgroup_done(&library);

    together(pool, &hour);
    return filch_pool_destroy(pool) ? 1 : 0;
}
