/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A classic mistake: a task for each request, however many there are; and a pool that takes what it
 * can. For service authors.
 *
 *   cc mistake_unbounded.c $(pkg-config --cflags --libs filch) -o mistake_unbounded */
#include <filch/filch.h>
#include <filch/pools.h>
#include <stdio.h>

enum { REQUESTS = 1000, WIDTH = 8, ROOM = 32 };

static filch_mutex mutex;
static int in_progress, most, begun; /* under the mutex */
static filch_waitgroup database;     /* is slow today: answers when it is done */

static void handle(void)
{
    filch_mutex_lock(&mutex);
    begun++;
    if (++in_progress > most)
        most = in_progress;
    filch_mutex_unlock(&mutex);
    filch_waitgroup_wait(&database);
    filch_mutex_lock(&mutex);
    in_progress--;
    filch_mutex_unlock(&mutex);
}

static int child(filch_self self, filch_scope *scope, void *all)
{
    (void)self, (void)scope;
    filch_waitgroup_done(all);
    handle();
    return 0;
}

static int job(filch_self self, filch_job *mine, void *data)
{
    (void)self, (void)mine, (void)data;
    handle();
    return 0;
}

static int unbounded(filch_runtime *rt)
{
    filch_scope scope;
    filch_runtime_stats stats;
    filch_waitgroup all = {0};
    int rc = filch_scope_begin(&scope, rt, NULL);
    filch_waitgroup_add(&database, 1);
    filch_waitgroup_add(&all, REQUESTS);
    for (int i = 0; i < REQUESTS && !rc; i++)
        rc = FILCH_SPAWN(&scope, child, &all);
    if (rc)
        return rc;
    filch_waitgroup_wait(&all); /* all have been let in */
    filch_runtime_stats_read(rt, FILCH_ALL_WORKERS, &stats, sizeof stats);
    printf("a task for each: %d requests taken on; a stack for each: %s\n", REQUESTS,
           stats.fibers >= REQUESTS ? "yes" : "no");
    filch_waitgroup_done(&database);
    return filch_scope_end(&scope);
}

static int bounded(filch_runtime *rt)
{
    filch_pool *pool;
    filch_pool_config config = {.runtime = rt,
                                .width = WIDTH,
                                .capacity = ROOM,
                                .full = FILCH_FULL_REJECT};
    filch_pool_stats stats;
    int rc = filch_pool_create(&pool, &config);
    if (rc)
        return rc;
    most = begun = 0;
    filch_waitgroup_add(&database, 1);
    int later = 0;
    for (int i = 0; i < REQUESTS; i++)
        later += FILCH_SUBMIT(pool, job, NULL) != 0; /* a server says "503, try again later" */
    filch_waitgroup_done(&database);
    filch_pool_wait(pool, FILCH_FOREVER);
    filch_pool_stats_read(pool, &stats, sizeof stats);
    printf("a pool: at most %d taken on: %s; at most %d in progress: %s; each has an answer: %s\n",
           WIDTH + ROOM, stats.accepted <= WIDTH + ROOM ? "yes" : "no", WIDTH,
           most <= WIDTH ? "yes" : "no", begun + later == REQUESTS ? "yes" : "no");
    return filch_pool_destroy(pool);
}

int main(void)
{
    filch_runtime *rt;
    if (filch_runtime_create(&rt, NULL) || unbounded(rt) || bounded(rt))
        return fprintf(stderr, "mistake_unbounded: %s\n", filch_error()), 1;
    return filch_runtime_destroy(rt);
}
