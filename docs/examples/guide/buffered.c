/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A bounded queue: a pool gets more jobs than it can take, and a producer is slowed down
 * to the speed of the consumers. For service authors.
 *
 *   cc -O2 buffered.c $(pkg-config --cflags --libs filch) -o buffered */
#include <err.h>
#include <errno.h>
#include <filch/filch.h>
#include <filch/pools.h>
#include <stdio.h>

enum { WIDTH = 2, CAPACITY = 4, FLOOD = 10, LINES = 200 };

static filch_waitgroup disk; /* not done: the disk answers nobody */

static int store(filch_self self, filch_job *job, void *stored)
{
    (void)self, (void)job;
    filch_waitgroup_wait(&disk);
    *(bool *)stored = true;
    return 0;
}

static filch_pool *create(filch_when_full full)
{
    const filch_pool_config config = {.width = WIDTH,
                                      .capacity = CAPACITY,
                                      .order = FILCH_FIFO,
                                      .full = full};
    filch_pool *pool;
    if (filch_pool_create(&pool, &config))
        errx(1, "%s", filch_error());
    return pool;
}

/* Ten lines come while the disk hangs. The producer waits for nothing: what is too much? */
static void flood(const char *what, filch_when_full full)
{
    filch_pool *pool = create(full);
    bool stored[FLOOD] = {false};
    int refused = 0;
    filch_waitgroup_add(&disk, 1);
    for (int i = 0; i < FLOOD; i++) {
        int rc = filch_pool_submit(NULL, pool, store, &stored[i], NULL, 0);
        if (rc && rc != -EAGAIN && rc != -ETIMEDOUT)
            errx(1, "%s", filch_error());
        refused += rc != 0;
    }
    filch_waitgroup_done(&disk);
    filch_pool_stats stats;
    int rc = filch_pool_wait(pool, FILCH_FOREVER);
    filch_pool_stats_read(pool, &stats, sizeof stats);
    if (rc || filch_pool_destroy(pool))
        errx(1, "%s", filch_error());
    printf("%-12s %d refused, %d dropped; stored:", what, refused,
           (int)stats.outcomes[FILCH_DROPPED]);
    for (int i = 0; i < FLOOD; i++)
        if (stored[i])
            printf(" %d", i);
    printf("\n");
}

/* A producer that waits where there is no room: it goes as fast as the disk. */
static void stream(void)
{
    static bool stored[LINES];
    filch_pool *pool = create(FILCH_FULL_WAIT);
    filch_pool_stats stats;
    uint64_t most = 0;
    int sum = 0;
    for (int i = 0; i < LINES; i++) {
        if (FILCH_SUBMIT(pool, store, &stored[i]))
            errx(1, "%s", filch_error());
        filch_pool_stats_read(pool, &stats, sizeof stats);
        most = stats.waiting + stats.running > most ? stats.waiting + stats.running : most;
    }
    if (filch_pool_destroy(pool))
        errx(1, "%s", filch_error());
    for (int i = 0; i < LINES; i++)
        sum += stored[i];
    printf("%d of %d lines stored; ever more than %d under way: %s\n", sum, LINES, WIDTH + CAPACITY,
           most > WIDTH + CAPACITY ? "yes" : "no");
}

int main(void)
{
    flood("wait", FILCH_FULL_WAIT); /* but not forever: until now */
    flood("reject", FILCH_FULL_REJECT);
    flood("drop oldest", FILCH_FULL_DROP_OLDEST);
    flood("drop newest", FILCH_FULL_DROP_NEWEST);
    stream();
    return 0;
}
