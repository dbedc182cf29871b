/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Mails that could not be sent in three attempts are kept as dead letters: looked at, thrown away
 * where there is no hope, and sent again when the server is back. For service authors.
 *
 *   cc -O2 dead_letters.c $(pkg-config --cflags --libs filch) -o dead_letters */
#include <err.h>
#include <errno.h>
#include <filch/filch.h>
#include <filch/pools.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAILS = 8, ATTEMPTS = 3 };

typedef struct mail {
    const char *to;
} mail;

static bool server_is_down = true;
static filch_dead_letter_queue *letters;
static filch_u32 delivered;

static int send_mail(filch_self self, filch_job *job, void *data)
{
    (void)self, (void)job;
    const mail *mine = data;
    if (!strchr(mine->to, '@'))
        return -EDESTADDRREQ; /* no use to try again */
    if (server_is_down && strstr(mine->to, "@b.example"))
        return -ECONNREFUSED;
    filch_u32_add(&delivered, 1, FILCH_RELAXED);
    return 0;
}

static filch_pool *open_pool(void)
{
    static const filch_retry_policy retry = {.attempts = ATTEMPTS, .base = FILCH_MILLISECOND};
    filch_pool *pool;
    if (filch_pool_create(
            &pool, &(filch_pool_config){.width = 4, .retry = &retry, .dead_letters = letters}))
        errx(1, "%s", filch_error());
    return pool;
}

/* free: when it is delivered, or thrown away as a letter. */
static int submit(filch_pool *pool, mail *one)
{
    return FILCH_SUBMIT_AS(pool, send_mail, one, .drop = free);
}

/* The mail of a letter, once more. If the pool does not take it, the letter stays. */
static int send_again(const filch_dead_letter *letter, void *pool)
{
    return submit(pool, letter->data);
}

static int by_address(const void *a, const void *b)
{
    const mail *one = (*(filch_dead_letter *const *)a)->data,
               *other = (*(filch_dead_letter *const *)b)->data;
    return strcmp(one->to, other->to);
}

/* Only while nobody requeues may one look into the mails. */
static void show(void)
{
    filch_dead_letter *page[MAILS];
    size_t count;
    if (filch_dead_letter_queue_list(letters, 0, page, MAILS, &count))
        errx(1, "%s", filch_error());
    qsort(page, count, sizeof *page, by_address); /* they came in any order */
    for (size_t i = 0; i < count; i++) {
        const mail *one = page[i]->data;
        printf("  %-14s %u of %d attempts: %s\n", one->to, page[i]->attempts, ATTEMPTS,
               page[i]->failure.message);
        filch_dead_letter_release(page[i]);
    }
}

static void purge_hopeless(void)
{
    filch_dead_letter *one;
    for (uint64_t at = 0; !filch_dead_letter_queue_next(letters, at, &one);
         filch_dead_letter_release(one)) {
        at = one->id;
        if (one->failure.code == -EDESTADDRREQ && filch_dead_letter_queue_remove(letters, at))
            errx(1, "%s", filch_error());
    }
}

int main(void)
{
    static const char *const addresses[MAILS] = {"ann@a.example", "bob@b.example", "cleo",
                                                 "dan@b.example", "eve@a.example", "fay@a.example",
                                                 "gus@b.example", "hal@a.example"};
    filch_dead_letter_queue_config config = {.max = 10000, .ttl = 7 * 24 * 3600 * FILCH_SECOND};
    if (filch_dead_letter_queue_create(&letters, &config))
        errx(1, "%s", filch_error());
    filch_pool *pool = open_pool();
    for (int i = 0; i < MAILS; i++) {
        mail *one = malloc(sizeof *one);
        if (!one)
            err(1, NULL);
        *one = (mail){.to = addresses[i]};
        if (submit(pool, one))
            errx(1, "%s", filch_error());
    }
    filch_pool_close(pool);
    if (filch_pool_wait(pool, FILCH_FOREVER))
        errx(1, "%s", filch_error());
    printf("%u delivered; dead letters:\n", filch_u32_load(&delivered, FILCH_RELAXED));
    show();

    purge_hopeless();
    size_t again;
    int rc = filch_dead_letter_queue_requeue_all(letters, send_again, pool, &again);
    printf("into a pool that is closed: %s; %zu requeued, still there:\n", strerror(-rc), again);
    show();
    filch_pool_destroy(pool);

    server_is_down = false;
    pool = open_pool();
    if (filch_dead_letter_queue_requeue_all(letters, send_again, pool, &again))
        errx(1, "%s", filch_error());
    filch_pool_destroy(pool);
    filch_dead_letter_queue_stats all;
    if (filch_dead_letter_queue_stats_read(letters, &all, sizeof all))
        errx(1, "%s", filch_error());
    printf("the server is back: %zu requeued, %u delivered\n", again,
           filch_u32_load(&delivered, FILCH_RELAXED));
    printf("letters: %d put = %d requeued + %d purged + %d kept\n", (int)all.put, (int)all.requeued,
           (int)all.purged, (int)all.kept);
    filch_dead_letter_queue_destroy(letters);
    return 0;
}
