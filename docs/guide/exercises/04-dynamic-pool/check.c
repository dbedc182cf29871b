/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Checks exercise 4. */
#include "exercise.h"

#include "../check.h"

#include <errno.h>

enum { FEW = 35, MANY = 200 };

static filch_pool *pool;
static filch_waitgroup held; /* jobs wait until it is at zero */

static int wait_along(filch_self self, filch_job *job, void *data)
{
    (void)self, (void)job, (void)data;
    filch_waitgroup_wait(&held);
    return 0;
}

static int run_monitor(filch_self self, filch_scope *scope, void *stop)
{
    (void)self, (void)scope;
    return monitor(pool, stop);
}

static void submit(int jobs)
{
    for (int i = 0; i < jobs; i++)
        returned("filch_pool_submit", FILCH_SUBMIT(pool, wait_along, NULL));
}

/* Two seconds are enough for a monitor that looks every millisecond. */
static void becomes(unsigned width)
{
    filch_pool_stats stats;
    filch_pool_stats_read(pool, &stats, sizeof stats);
    for (int i = 0; i < 2000 && stats.width != width; i++) {
        filch_sleep(FILCH_MILLISECOND);
        filch_pool_stats_read(pool, &stats, sizeof stats);
    }
    CHECK_THAT(stats.width == width, "%d jobs wait: the pool should be %u wide, and is %u",
               (int)stats.waiting, width, (unsigned)stats.width);
}

int main(void)
{
    filch_runtime *rt;
    filch_context *stop;
    filch_scope scope;
    check_begin();
    if (filch_runtime_create(&rt, NULL) ||
        filch_pool_create(&pool, &(filch_pool_config){.runtime = rt, .width = 1}) ||
        filch_context_create(&stop, NULL) || filch_scope_begin(&scope, rt, NULL))
        not_yet("%s", filch_error());
    filch_waitgroup_add(&held, 1);
    FILCH_SPAWN(&scope, run_monitor, stop);
    submit(FEW); /* one is in progress, 34 wait; later 4 and 31 */
    becomes(4);
    submit(MANY);
    becomes(8);
    filch_waitgroup_done(&held);
    becomes(1);
    filch_context_cancel(stop, 0);
    int rc = filch_scope_wait(&scope, filch_in(5 * FILCH_SECOND));
    CHECK_THAT(rc != -ETIMEDOUT || filch_scope_children(&scope) == 0,
               "its context is done, but monitor does not return");
    returned("monitor", rc);
    filch_scope_end(&scope);
    filch_context_release(stop);
    filch_pool_destroy(pool);
    filch_runtime_destroy(rt);
    return check_end();
}
