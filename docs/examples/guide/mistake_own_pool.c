/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A classic mistake: a job submits to its own pool, which is full, and waits for room that only its
 * own end could make. For everybody whose work makes more work.
 *
 *   cc mistake_own_pool.c $(pkg-config --cflags --libs filch) -o mistake_own_pool */
#include <errno.h>
#include <filch/filch.h>
#include <filch/pools.h>
#include <stdio.h>
#include <string.h>

enum { DEPTH = 7 };

static filch_pool *pool;
static filch_u32 visited;

/* One of a tree of folders: each has two, `depth` levels down. */
static int visit(filch_self self, filch_job *job, void *data)
{
    (void)self, (void)job;
    intptr_t depth = (intptr_t)data;
    filch_u32_add(&visited, 1, FILCH_RELAXED); /* read at the end */
    int rc = 0;
    for (int folder = 0; folder < 2 && depth > 1 && !rc; folder++)
        rc = FILCH_SUBMIT(pool, visit, (void *)(depth - 1));
    return rc;
}

static void tell(filch_job *job, filch_outcome outcome, const filch_failure *why, void *data)
{
    (void)job, (void)data;
    if (outcome != FILCH_SUCCEEDED)
        printf("%s: %.*s\n", why->code == -EDEADLK ? "-EDEADLK" : "another error",
               (int)strcspn(why->message, ";"), why->message); /* after it: what to do */
}

static int walk(const char *name, intptr_t depth, filch_when_full full)
{
    filch_pool_config config = {.name = "folders", .width = 1, .capacity = 1, .full = full};
    filch_u32_store(&visited, 0, FILCH_RELAXED); /* nobody else is here */
    int rc = filch_pool_create(&pool, &config);
    if (rc)
        return rc;
    rc = FILCH_SUBMIT_AS(pool, visit, (void *)depth, .done = tell);
    filch_pool_wait(pool, FILCH_FOREVER); /* it is not closed yet: jobs still submit */
    printf("%s: %u of %d folders\n", name, filch_u32_load(&visited, FILCH_RELAXED),
           (1 << depth) - 1); /* relaxed: all jobs have ended */
    int ended = filch_pool_destroy(pool);
    return rc ? rc : ended;
}

int main(void)
{
    if (walk("waits for room", 2, FILCH_FULL_WAIT) || walk("runs it itself", DEPTH, FILCH_FULL_RUN))
        return fprintf(stderr, "mistake_own_pool: %s\n", filch_error()), 1;
    return 0;
}
