/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The kinds "jobs": threads that submit empty jobs to a pool. Loops over submissions are the
 * column's own, so that nothing stands between. C and C++. */
#ifndef COLUMNS_SUBMIT_H
#define COLUMNS_SUBMIT_H

#include "parties.h"

typedef struct submit_side {
    void (*burst)(void *pool, long count); /* submits so many, in the calling thread */
    uint64_t (*wait)(void *pool);          /* until all are done; returns how many were */
} submit_side;

typedef struct submit_run {
    const column_order *order;
    const submit_side *side;
    void *pool;
} submit_run;

static inline void submit_share(void *context, long party)
{
    const submit_run *run = (const submit_run *)context;
    run->side->burst(run->pool, parties_share(run->order, party));
}

/* One submitter is the calling thread itself. */
static inline void submit_measure(const column_order *order, column_reply *reply,
                                  const submit_side *side, void *pool)
{
    submit_run run = {order, side, pool};
    if (order->parties > 1) {
        parties_run(order->parties, submit_share, &run, reply);
    } else {
        column_begin(reply);
        side->burst(pool, order->count);
    }
    reply->answer = side->wait(pool);
    column_end(reply);
}

#endif
