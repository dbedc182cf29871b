/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The kinds "jobs": threads that submit empty jobs to a pool. Loops over submissions are the
 * peer's own, so that nothing stands between. C and C++. */
#ifndef PEERS_SUBMIT_H
#define PEERS_SUBMIT_H

#include "parties.h"

typedef struct submit_side {
    void (*burst)(void *pool, long count); /* submits so many, in the calling thread */
    uint64_t (*wait)(void *pool);          /* until all are done; returns how many were */
} submit_side;

typedef struct submit_run {
    const peer_order *order;
    const submit_side *side;
    void *pool;
} submit_run;

static inline void submit_share(void *context, long party)
{
    const submit_run *run = (const submit_run *)context;
    run->side->burst(run->pool, parties_share(run->order, party));
}

/* One submitter is the calling thread itself. */
static inline void submit_measure(const peer_order *order, peer_reply *reply,
                                  const submit_side *side, void *pool)
{
    submit_run run = {order, side, pool};
    if (order->parties > 1) {
        parties_run(order->parties, submit_share, &run, reply);
    } else {
        peer_begin(reply);
        side->burst(pool, order->count);
    }
    reply->answer = side->wait(pool);
    peer_end(reply);
}

#endif
