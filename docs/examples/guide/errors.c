/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Jobs that fail: each reports its error, and none is forgotten. For service authors.
 *
 *   cc -O2 errors.c $(pkg-config --cflags --libs filch) -o errors */
#include <err.h>
#include <errno.h>
#include <filch/filch.h>
#include <filch/pools.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { READINGS = 6 };

typedef struct reading {
    const char *text;
    double celsius;      /* if it is a reading */
    filch_failure wrong; /* code 0: it is */
} reading;

static int parse(filch_self self, filch_job *job, void *data)
{
    (void)self, (void)job;
    reading *mine = data;
    char *end;
    if (!*mine->text)
        return -ENODATA;
    mine->celsius = strtod(mine->text, &end);
    if (*end)
        return -EINVAL;
    return mine->celsius < -90 || mine->celsius > 60 ? -ERANGE : 0;
}

/* Called once for each job, with any outcome. Its own reading is written: no lock. */
static void note(filch_job *job, filch_outcome outcome, const filch_failure *why, void *data)
{
    (void)job;
    reading *mine = data;
    if (outcome != FILCH_SUCCEEDED)
        mine->wrong = *why;
}

/* A program that needs one result waits for that job. */
static int parse_now(filch_pool *pool, reading *one)
{
    filch_job *job;
    int rc = filch_pool_submit(&job, pool, parse, one, NULL, FILCH_FOREVER);
    if (rc)
        return rc;
    rc = filch_job_wait(job, FILCH_FOREVER);
    if (rc)
        printf("'%s' alone: %s\n", one->text, filch_job_failure(job)->message);
    filch_job_release(job);
    return rc;
}

int main(void)
{
    reading readings[READINGS] = {{.text = "21.5"}, {.text = "cold"}, {.text = "-4"},
                                  {.text = ""},     {.text = "451"},  {.text = "19"}};
    filch_pool *pool;
    if (filch_pool_create(&pool, &(filch_pool_config){.width = 4}))
        errx(1, "%s", filch_error());
    for (int i = 0; i < READINGS; i++)
        if (FILCH_SUBMIT_AS(pool, parse, &readings[i], .done = note))
            errx(1, "%s", filch_error());
    if (filch_pool_wait(pool, FILCH_FOREVER))
        errx(1, "%s", filch_error());
    for (int i = 0; i < READINGS; i++)
        if (readings[i].wrong.code)
            printf("reading %d, '%s': %s\n", i + 1, readings[i].text, readings[i].wrong.message);

    filch_pool_stats stats;
    filch_pool_stats_read(pool, &stats, sizeof stats);
    printf("%d accepted, %d succeeded, %d failed\n", (int)stats.accepted,
           (int)stats.outcomes[FILCH_SUCCEEDED], (int)stats.outcomes[FILCH_FAILED]);

    reading warm = {.text = "warm"}, late = {.text = "20"};
    if (parse_now(pool, &warm) != -EINVAL)
        errx(1, "'warm' is a number now");
    filch_pool_close(pool);
    int rc = parse_now(pool, &late);
    printf("after the close: %s\n", strerror(-rc));
    return filch_pool_destroy(pool) ? 1 : 0;
}
