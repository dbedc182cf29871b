/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A journal whose records are on the disk before anybody is told that they are: many at a time, one
 * write and one fdatasync for all of them. Databases call it group commit. For service authors.
 *
 *   cc -O2 batching.c $(pkg-config --cflags --libs filch) -o batching */
#include <errno.h>
#include <filch/filch.h>
#include <filch/pools.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { RECORDS = 2000, BATCH = 100, LONGEST = 40 };

typedef struct journal {
    int file;
    filch_batcher *batcher;
    filch_u32 durable, refused;
} journal;

typedef struct record {
    journal *to;
    char text[LONGEST + 20];
} record;

/* One batch at a time flies, so that nothing here needs a lock. A bad record is refused
 * alone; the disk's answer holds for all the others. */
static void append(filch_self self, void *const *items, int *outcomes, size_t count, void *arg)
{
    (void)self;
    journal *to = arg;
    char text[BATCH * LONGEST];
    size_t length = 0;
    for (size_t i = 0; i < count; i++) {
        size_t size = strlen(((record *)items[i])->text);
        outcomes[i] = size > LONGEST ? -EMSGSIZE : 0;
        memcpy(text + length, ((record *)items[i])->text, outcomes[i] ? 0 : size);
        length += outcomes[i] ? 0 : size;
    }
    int rc = filch_blocking_begin(), error = 0;
    if (!rc) {
        bool good = write(to->file, text, length) == (ssize_t)length && !fdatasync(to->file);
        error = filch_blocking_end();
        rc = good ? 0 : -error;
    }
    for (size_t i = 0; i < count; i++)
        outcomes[i] = outcomes[i] ? outcomes[i] : rc;
}

/* A request: it is answered when its record is durable, and knows nothing of batches. */
static int handle(filch_self self, filch_job *job, void *arg)
{
    (void)self, (void)job;
    record *mine = arg;
    int outcome,
        rc = filch_batcher_add(mine->to->batcher, mine, &outcome, filch_in(FILCH_SECOND * 60));
    if (!rc)
        filch_u32_add(outcome ? &mine->to->refused : &mine->to->durable, 1, FILCH_RELAXED);
    return rc;
}

static int fill(journal *to)
{
    static record records[RECORDS];
    filch_runtime *rt;
    filch_pool *pool;
    filch_batcher_config config = {.size = BATCH,
                                   .age = 20 * FILCH_MILLISECOND,
                                   .flush = append,
                                   .arg = to};
    int rc = filch_runtime_create(&rt, NULL);
    rc = rc ? rc : filch_batcher_create(&to->batcher, rt, &config);
    rc = rc ? rc : filch_pool_create(&pool, &(filch_pool_config){.runtime = rt, .width = 200});
    for (int i = 0; i < RECORDS && !rc; i++) {
        records[i].to = to;
        snprintf(records[i].text, sizeof records[i].text, "record %d%s\n", i,
                 i % 400 ? "" : ", which is longer than any record may be");
        rc = FILCH_SUBMIT(pool, handle, &records[i]);
    }
    if (rc)
        return rc;
    filch_pool_destroy(pool);
    filch_batcher_stats stats;
    filch_batcher_stats_read(to->batcher, &stats, sizeof stats);
    printf("%u durable, %u refused\n", filch_u32_load(&to->durable, FILCH_RELAXED),
           filch_u32_load(&to->refused, FILCH_RELAXED));
    printf("ten records a sync, or more: %s\n", stats.batches * 10 <= RECORDS ? "yes" : "no");
    filch_batcher_destroy(to->batcher);
    return filch_runtime_destroy(rt);
}

/* Reads what is in the file: each record once. */
static void check(int file)
{
    static bool seen[RECORDS];
    FILE *in = fdopen(file, "r");
    int lines = 0, wrong = 0;
    rewind(in);
    for (char line[LONGEST + 2]; fgets(line, sizeof line, in); lines++) {
        int number = atoi(line + strlen("record "));
        wrong += number < 0 || number >= RECORDS || seen[number];
        seen[number] = true;
    }
    fclose(in);
    printf("in the file: %d lines, %d of them wrong\n", lines, wrong);
}

int main(void)
{
    char path[] = "journal-XXXXXX";
    journal to = {.file = mkstemp(path)};
    if (to.file < 0)
        return perror(path), 1;
    unlink(path); /* it goes when it is closed */
    if (fill(&to))
        return fprintf(stderr, "batching: %s\n", filch_error()), 1;
    check(to.file);
    return 0;
}
