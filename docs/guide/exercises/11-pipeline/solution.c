/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Exercise 11: a pipeline. A solution. */
#include "exercise.h"

#include <errno.h>
#include <filch/filch.h>
#include <filch/pools.h>
#include <stdlib.h>

typedef struct piece {
    int item;
    long refined;
} piece;

/* exercise: 1: two pools: static filch_pool *refining, *storing; their jobs are the two stages. */
static filch_pool *refining, *storing;

static int store_one(filch_self self, filch_job *job, void *data)
{
    (void)self, (void)job;
    piece *one = data;
    store(one->item, one->refined);
    free(one);
    return 0;
}
/* starter: static filch_pool *refining; */
/* end */

static int refine_one(filch_self self, filch_job *job, void *data)
{
    (void)self, (void)job;
    piece *one = data;
    one->refined = refine(one->item);
    /* exercise: 2: storing is the work of another job, of the other pool: submit it, which waits while there is no room.
     * Which job frees the piece now? */
    int rc = FILCH_SUBMIT(storing, store_one, one);
    if (rc)
        free(one);
    return rc;
    /* starter: store(one->item, one->refined); */
    /* starter: free(one); */
    /* starter: return 0; */
    /* end */
}

static int take_one(int item)
{
    piece *one = malloc(sizeof *one);
    if (!one)
        return -ENOMEM;
    *one = (piece){item, 0};
    int rc = FILCH_SUBMIT(refining, refine_one, one);
    if (rc)
        free(one);
    return rc;
}

int run_line(void)
{
    /* exercise: 3: capacity; and the second pool. */
    int rc = filch_pool_create(&refining, &(filch_pool_config){.width = 3, .capacity = 4});
    if (rc)
        return rc;
    rc = filch_pool_create(&storing, &(filch_pool_config){.width = 1, .capacity = 4});
    if (rc) {
        filch_pool_destroy(refining);
        return rc;
    }
    /* starter: int rc = filch_pool_create(&refining, &(filch_pool_config){.width = 3}); */
    /* starter: if (rc) */
    /* starter:     return rc; */
    /* end */
    for (int item; !rc && (item = next_item()) >= 0;)
        rc = take_one(item);
    /* exercise: 4: which pool has to be destroyed first? */
    int refined = filch_pool_destroy(refining); /* first: its jobs submit to the other */
    int stored = filch_pool_destroy(storing);
    return rc ? rc : refined ? refined : stored;
    /* starter: int ended = filch_pool_destroy(refining); */
    /* starter: return rc ? rc : ended; */
    /* end */
}
