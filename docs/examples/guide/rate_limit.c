/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * At most a given number a second: jobs that wait for their turn, requests that are refused, and a
 * limit for each user. For service authors.
 *
 *   cc -O2 rate_limit.c $(pkg-config --cflags --libs filch) -o rate_limit */
#include <err.h>
#include <errno.h>
#include <filch/filch.h>
#include <filch/pools.h>
#include <stdio.h>
#include <string.h>

enum { PAGES = 25, WIDTH = 4, RATE = 500, BURST = 5 };

static filch_limiter *politeness;

static int fetch(filch_self self, filch_job *job, void *fetched)
{
    (void)self;
    int rc = filch_limiter_acquire(politeness, 1, filch_job_context(job), FILCH_FOREVER);
    if (rc)
        return rc; /* cancelled: the permit goes to another */
    *(bool *)fetched = true;
    return 0;
}

/* 25 pages, 500 a second, 5 at once: the last of them 40 ms after the first at the earliest. */
static void be_polite(void)
{
    bool fetched[PAGES] = {false};
    int sum = 0;
    filch_pool *pool;
    int64_t begun = filch_now();
    if (filch_limiter_create(&politeness, (filch_limit){.rate = RATE, .burst = BURST}) ||
        filch_pool_create(&pool, &(filch_pool_config){.width = WIDTH}))
        errx(1, "%s", filch_error());
    for (int i = 0; i < PAGES; i++)
        if (FILCH_SUBMIT(pool, fetch, &fetched[i]))
            errx(1, "%s", filch_error());
    if (filch_pool_destroy(pool))
        errx(1, "%s", filch_error());
    int64_t least = (PAGES - BURST) * FILCH_SECOND / RATE;
    for (int i = 0; i < PAGES; i++)
        sum += fetched[i];
    printf("%d pages; too early: %s\n", sum, filch_now() - begun < least ? "yes" : "no");
    filch_limiter_destroy(politeness);
}

/* Three an hour for each user: a user's fourth is refused at once, others' are not. */
static void be_fair(void)
{
    static const char *const requests[] = {"ann", "bob", "ann", "ann", "ann", "bob", "ann"};
    filch_keyed_limiter *users;
    const filch_limit limit = {.rate = 3, .burst = 3, .period = 3600 * FILCH_SECOND};
    if (filch_keyed_limiter_create(&users, limit, 1000, 16))
        errx(1, "%s", filch_error());
    for (unsigned i = 0; i < sizeof requests / sizeof *requests; i++) {
        int rc = filch_keyed_limiter_allow(users, requests[i], strlen(requests[i]), 1);
        if (rc && rc != -EAGAIN)
            errx(1, "%s", filch_error());
        printf("%s: %s\n", requests[i], rc ? "429, later" : "200");
    }
    filch_keyed_limiter_destroy(users);
}

/* A caller without time to wait is told at once, and has taken nothing. */
static void be_quick(void)
{
    filch_limiter *letters;
    const filch_limit limit = {.rate = 1, .burst = 1, .period = 3600 * FILCH_SECOND};
    if (filch_limiter_create(&letters, limit) || filch_limiter_allow(letters, 1))
        errx(1, "%s", filch_error());
    int rc = filch_limiter_acquire(letters, 1, NULL, filch_in(60 * FILCH_SECOND));
    printf("a second letter within a minute: %s\n", strerror(-rc));
    filch_limiter_destroy(letters);
}

int main(void)
{
    be_polite();
    be_fair();
    be_quick();
    return 0;
}
