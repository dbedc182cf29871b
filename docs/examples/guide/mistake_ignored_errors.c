/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A classic mistake: errors that nobody looks at; and where they show all the same. For everybody.
 *
 *   cc mistake_ignored_errors.c $(pkg-config --cflags --libs filch) -o mistake_ignored_errors */
#include <errno.h>
#include <filch/filch.h>
#include <filch/pools.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct entry {
    const char *text;
    long value;
    char failure[104];
} entry;

enum { ENTRIES = 5 };

static int parse(entry *one)
{
    char *end;
    one->value = strtol(one->text, &end, 10);
    return *end || end == one->text ? -EINVAL : 0;
}

static int careless(filch_self self, filch_job *job, void *data)
{
    (void)self, (void)job;
    parse(data); /* and what did it return? */
    return 0;
}

static int careful(filch_self self, filch_job *job, void *data)
{
    (void)self, (void)job;
    return parse(data);
}

static void keep_failure(filch_job *job, filch_outcome outcome, const filch_failure *why,
                         void *data)
{
    (void)job;
    entry *one = data;
    if (outcome != FILCH_SUCCEEDED)
        snprintf(one->failure, sizeof one->failure, "%s", why->message);
}

static int read_all(const char *name, filch_job_fn *fn)
{
    entry entries[ENTRIES] = {
        {.text = "12"}, {.text = "3O"}, {.text = "30"}, {.text = ""}, {.text = "8"}};
    filch_pool *pool;
    filch_pool_stats stats;
    int rc = filch_pool_create(&pool, NULL);
    if (rc)
        return rc;
    for (int i = 0; i < ENTRIES && !rc; i++)
        rc = FILCH_SUBMIT_AS(pool, fn, &entries[i], .done = keep_failure);
    filch_pool_close(pool);
    FILCH_SUBMIT(pool, fn, &entries[0]); /* nobody looks at this either: -EPIPE */
    filch_pool_wait(pool, FILCH_FOREVER);
    filch_pool_stats_read(pool, &stats, sizeof stats);
    printf("%s: %d succeeded, %d failed, %d not accepted\n", name,
           (int)stats.outcomes[FILCH_SUCCEEDED], (int)stats.outcomes[FILCH_FAILED],
           (int)stats.refused);
    for (int i = 0; i < ENTRIES; i++)
        if (*entries[i].failure)
            printf("  \"%s\": %s\n", entries[i].text, entries[i].failure);
    int ended = filch_pool_destroy(pool);
    return rc ? rc : ended;
}

int main(void)
{
    if (read_all("careless", careless) || read_all("careful", careful))
        return fprintf(stderr, "mistake_ignored_errors: %s\n", filch_error()), 1;
    return 0;
}
