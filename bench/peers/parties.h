/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Threads that begin together: submitters of jobs, and the parties of peers without tasks. C and
 * C++. */
#ifndef PEERS_PARTIES_H
#define PEERS_PARTIES_H

#include "orders.h"

#include <pthread.h>

enum { PARTIES_MOST = 64 };

typedef struct parties {
    void (*body)(void *context, long party);
    void *context;
    long count;
    pthread_barrier_t gate;
    pthread_t threads[PARTIES_MOST];
} parties;

typedef struct parties_seat {
    parties *all;
    long party;
} parties_seat;

static inline void *parties_thread(void *arg)
{
    parties_seat *seat = (parties_seat *)arg;
    pthread_barrier_wait(&seat->all->gate);
    seat->all->body(seat->all->context, seat->party);
    return NULL;
}

/* Runs body(context, 0 .. count - 1), each on a thread; the measured time begins when all have been
 * created. The caller ends it. */
static inline void parties_run(long count, void (*body)(void *context, long party), void *context,
                               peer_reply *reply)
{
    parties all;
    parties_seat seats[PARTIES_MOST];
    all.body = body;
    all.context = context;
    all.count = count;
    peer_check(count <= PARTIES_MOST, "that many threads");
    pthread_barrier_init(&all.gate, NULL, (unsigned)count + 1);
    for (long i = 0; i < count; i++) {
        seats[i].all = &all;
        seats[i].party = i;
        peer_check(!pthread_create(&all.threads[i], NULL, parties_thread, &seats[i]),
                   "pthread_create");
    }
    peer_begin(reply);
    pthread_barrier_wait(&all.gate);
    for (long i = 0; i < count; i++)
        pthread_join(all.threads[i], NULL);
    pthread_barrier_destroy(&all.gate);
}

/* The part of `count` of one of so many parties; the parts make up the whole. */
static inline long parties_share(const peer_order *order, long party)
{
    return order->count / order->parties + (party < order->count % order->parties);
}

#endif
