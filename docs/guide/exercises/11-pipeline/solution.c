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

static filch_pool *refining, *storing;

static int store_one(filch_self self, filch_job *job, void *data)
{
    (void)self, (void)job;
    piece *one = data;
    store(one->item, one->refined);
    free(one);
    return 0;
}

static int refine_one(filch_self self, filch_job *job, void *data)
{
    (void)self, (void)job;
    piece *one = data;
    one->refined = refine(one->item);
    int rc = FILCH_SUBMIT(storing, store_one, one);
    if (rc)
        free(one);
    return rc;
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
    int rc = filch_pool_create(&refining, &(filch_pool_config){.width = 3, .capacity = 4});
    if (rc)
        return rc;
    rc = filch_pool_create(&storing, &(filch_pool_config){.width = 1, .capacity = 4});
    if (rc) {
        filch_pool_destroy(refining);
        return rc;
    }
    for (int item; !rc && (item = next_item()) >= 0;)
        rc = take_one(item);
    int refined = filch_pool_destroy(refining); /* first: its jobs submit to the other */
    int stored = filch_pool_destroy(storing);
    return rc ? rc : refined ? refined : stored;
}
