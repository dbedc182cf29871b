/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Dead letters that outlive the process: their store is an SQLite file (dead_letters_sqlite.h). For
 * service authors.
 *
 *   cc -O2 dead_letters_sqlite.c $(pkg-config --cflags --libs filch sqlite3) -o dead_letters_sqlite */
#include "dead_letters_sqlite.h"

#include <string.h>
#include <unistd.h>

static bool road_is_open;
static filch_dead_letter_queue *letters;

static int deliver(filch_self self, filch_job *job, void *address)
{
    (void)self, (void)job;
    return strstr(address, "island") && !road_is_open ? -EHOSTUNREACH : 0;
}

static void note(filch_job *job, filch_outcome outcome, const filch_failure *why, void *address)
{
    filch_dead_letter_draft draft = {.name = "deliver",
                                     .failure = why,
                                     .attempts = 1,
                                     .data = address,
                                     .size = strlen(address) + 1};
    (void)job;
    if (outcome == FILCH_FAILED && filch_dead_letter_queue_put(letters, &draft, NULL))
        warnx("%s is lost: %s", (char *)address, filch_error());
}

static int submit(filch_pool *pool, const char *address)
{
    char *copy = strdup(address);
    int rc = copy ? FILCH_SUBMIT_AS(pool, deliver, copy, .done = note, .drop = free) : -ENOMEM;
    if (rc)
        free(copy);
    return rc;
}

static int submit_again(const filch_dead_letter *letter, void *pool)
{
    return submit(pool, letter->data); /* bytes: the letter's own */
}

/* One process: delivers what is new, and what was left by the last one. */
static void process(const char *path, const char *const *addresses)
{
    size_t again;
    filch_pool *pool;
    filch_dead_letter_queue_stats all;
    letters = open_letters(path);
    if (filch_pool_create(&pool, &(filch_pool_config){.width = 4}) ||
        filch_dead_letter_queue_requeue_all(letters, submit_again, pool, &again))
        errx(1, "%s", filch_error());
    for (; *addresses; addresses++)
        if (submit(pool, *addresses))
            errx(1, "%s", filch_error());
    if (filch_pool_destroy(pool) || filch_dead_letter_queue_stats_read(letters, &all, sizeof all))
        errx(1, "%s", filch_error());
    printf("found %d, requeued %zu, put %d, left %d\n", (int)all.found, again, (int)all.put,
           (int)all.kept);
    filch_dead_letter *one;
    for (uint64_t at = 0; !filch_dead_letter_queue_next(letters, at, &one);
         filch_dead_letter_release(one)) {
        printf("  a parcel to an island: %s\n", one->failure.message);
        at = one->id;
    }
    filch_dead_letter_queue_destroy(letters);
}

int main(void)
{
    static const char *const monday[] = {"1 High Street", "2 Seal island", "3 Bird island", NULL};
    static const char *const tuesday[] = {"4 Low Street", "5 Seal island", NULL};
    static const char *const friday[] = {NULL};
    char path[] = "letters-XXXXXX";
    int fd = mkstemp(path);
    if (fd < 0 || close(fd))
        err(1, "%s", path);
    process(path, monday);
    process(path, tuesday);
    road_is_open = true;
    process(path, friday);
    return unlink(path) ? 1 : 0;
}
