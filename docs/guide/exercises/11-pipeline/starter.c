/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Exercise 11: a pipeline. Here each item is refined and stored in one go, so that storing is done
 * by three at a time; and all items are taken at once.
 *
 *   cc starter.c check.c $(pkg-config --cflags --libs filch) -o check && ./check */
#include "exercise.h"

#include <errno.h>
#include <filch/filch.h>
#include <filch/pools.h>
#include <stdlib.h>

/* An item on the line. */
typedef struct piece {
    int item;
    long refined;
} piece;

/* TODO 1: two pools: static filch_pool *refining, *storing; their jobs are the two stages. */
static filch_pool *refining;

static int refine_one(filch_self self, filch_job *job, void *data)
{
    (void)self, (void)job;
    piece *one = data;
    one->refined = refine(one->item);
    store(one->item,
          one->refined); /* TODO 2: this is the work of another job, of the other pool: submit
                                       it, which waits while there is no room. Which job frees the
                                       piece now? */
    free(one);
    return 0;
}

int run_line(void)
{
    int rc = filch_pool_create(&refining, &(filch_pool_config){.width = 3}); /* TODO 3: capacity */
    if (rc)
        return rc;
    for (int item; !rc && (item = next_item()) >= 0;) {
        piece *one = malloc(sizeof *one);
        if (!one)
            rc = -ENOMEM;
        else
            *one = (piece){item, 0};
        if (!rc && (rc = FILCH_SUBMIT(refining, refine_one, one)))
            free(one);
    }
    /* TODO 4: which pool has to be destroyed first? */
    int ended = filch_pool_destroy(refining);
    return rc ? rc : ended;
}
