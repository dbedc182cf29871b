/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A service that ends cleanly by SIGTERM or Ctrl-C: it takes nothing more, and what it has taken is
 * done. For service authors.
 *
 *   cc -O2 service.c $(pkg-config --cflags --libs filch) -o service */
#include <err.h>
#include <filch/filch.h>
#include <filch/pools.h>
#include <signal.h>
#include <stdio.h>

enum { WIDTH = 2, SIGNAL_AT = 5 };

static int serve(filch_self self, filch_job *job, void *request)
{
    (void)self, (void)request;
    return filch_context_sleep(filch_job_context(job), FILCH_MILLISECOND); /* 0: served */
}

int main(void)
{
    filch_context *stop;
    if (filch_signal_context_start(&stop, NULL, (const int[]){SIGTERM, SIGINT}, 2))
        errx(1, "%s", filch_error());
    filch_pool *pool;
    if (filch_pool_create(&pool, &(filch_pool_config){.width = WIDTH}))
        errx(1, "%s", filch_error());

    for (int i = 1; !filch_context_cause(stop); i++) {
        if (FILCH_SUBMIT(pool, serve, NULL))
            errx(1, "%s", filch_error());
        if (i == SIGNAL_AT)
            raise(SIGTERM); /* as somebody outside would; then there are no more requests */
        filch_context_wait(stop, i < SIGNAL_AT ? filch_in(FILCH_MILLISECOND) : FILCH_FOREVER);
    }
    puts("told to stop");
    int rc = filch_pool_shutdown(pool, filch_in(5 * FILCH_SECOND));
    filch_pool_stats stats;
    filch_pool_stats_read(pool, &stats, sizeof stats);
    printf("%d served, %s\n", (int)stats.outcomes[FILCH_SUCCEEDED],
           rc ? "some were cancelled" : "none was cancelled");
    filch_context_release(stop);
    return filch_pool_destroy(pool) ? 1 : 0;
}
