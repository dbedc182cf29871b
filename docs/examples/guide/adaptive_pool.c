/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A database works on eight queries at a time; more queries wait within it. Nobody has told
 * the pool, which learns by latency that it is too wide. For service authors.
 *
 *   cc -O2 adaptive_pool.c $(pkg-config --cflags --libs filch) -o adaptive_pool
 *   ./adaptive_pool show      says also how the width went, which is never twice the same */
#include <err.h>
#include <filch/filch.h>
#include <filch/pools.h>
#include <stdio.h>

enum { QUERIES = 1200, ALONE = 10, CORES = 8, GUESS = 64 };

typedef struct database {
    filch_semaphore cores; /* a permit for each query that it can work on */
    filch_u32 inside;      /* queries that it has taken */
    filch_u32 line;        /* the sum of how many each of them found waiting there */
    filch_u32 beyond;      /* how often more were inside than the pool may be wide */
    filch_u32 answered;
} database;

static int query(filch_self self, filch_job *job, void *data)
{
    (void)self, (void)job;
    database *db = data;
    uint32_t inside = filch_u32_add(&db->inside, 1, FILCH_RELAXED) + 1;
    filch_u32_add(&db->line, inside > CORES ? inside - CORES : 0, FILCH_RELAXED);
    filch_u32_add(&db->beyond, inside > GUESS, FILCH_RELAXED);
    filch_semaphore_acquire(&db->cores, 1);
    int rc = filch_sleep(FILCH_MILLISECOND);
    filch_semaphore_give_back(&db->cores, 1);
    filch_u32_add(&db->inside, (uint32_t)-1, FILCH_RELAXED);
    filch_u32_add(&db->answered, rc == 0, FILCH_RELAXED);
    return rc;
}

static void submit(filch_pool *pool, database *db, int count)
{
    for (int i = 0; i < count; i++)
        if (FILCH_SUBMIT(pool, query, db))
            errx(1, "%s", filch_error());
}

/* All queries through such a pool: some one by one, so that it sees how quick an answer can be, and
 * the others at once. Returns how wide it is in the end. */
static unsigned serve(database *db, filch_pool_config config, bool show)
{
    filch_pool *pool;
    filch_pool_stats now;
    if (filch_semaphore_init(&db->cores, CORES) || filch_pool_create(&pool, &config))
        errx(1, "%s", filch_error());
    for (int i = 0; i < ALONE; i++) {
        submit(pool, db, 1);
        if (filch_pool_wait(pool, FILCH_FOREVER))
            errx(1, "%s", filch_error());
    }
    filch_semaphore_acquire(&db->cores, CORES); /* until all of them wait */
    submit(pool, db, QUERIES - ALONE);
    filch_semaphore_give_back(&db->cores, CORES);
    while (filch_pool_wait(pool, filch_in(25 * FILCH_MILLISECOND))) {
        filch_pool_stats_read(pool, &now, sizeof now);
        if (show)
            printf("%4u wait, width %u\n", (unsigned)now.waiting, (unsigned)now.width);
    }
    filch_pool_stats_read(pool, &now, sizeof now);
    if (filch_pool_destroy(pool))
        errx(1, "%s", filch_error());
    return (unsigned)now.width;
}

static const char *yes(bool it_is)
{
    return it_is ? "yes" : "no";
}

static void print(const char *how, database *db)
{
    printf("%s: %u queries answered; never more than %d at a time: %s\n", how,
           filch_u32_load(&db->answered, FILCH_RELAXED), GUESS,
           yes(!filch_u32_load(&db->beyond, FILCH_RELAXED)));
}

int main(int argc, char **argv)
{
    (void)argv;
    static database guessed, found;
    serve(&guessed, (filch_pool_config){.width = GUESS}, false);
    print("the width that was guessed", &guessed);

    filch_adaptive_config bounds = {.min = 4, .max = GUESS, .start = GUESS};
    unsigned width = serve(&found, (filch_pool_config){.adaptive = &bounds}, argc > 1);
    print("the width that finds itself", &found);
    printf("it is narrower now: %s; and kept its bounds: %s\n", yes(width < bounds.start),
           yes(width >= bounds.min && width <= bounds.max));
    printf("fewer of them waited within the database: %s\n",
           yes(filch_u32_load(&found.line, FILCH_RELAXED) <
               filch_u32_load(&guessed.line, FILCH_RELAXED)));
    return 0;
}
