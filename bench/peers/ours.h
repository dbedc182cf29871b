/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Filch's own program beside the peers: its kinds, file by file, and the runtimes they share. Runtimes have the
 * default configuration, since that is what a program gets. */
#ifndef PEERS_OURS_H
#define PEERS_OURS_H

#include "orders.h"

#include <filch/filch.h>
#include <filch/pool.h>

/* The runtime with so many workers; created by the first call, and kept. */
filch_runtime *ours_runtime(long workers);

/* Ends the program with filch_error() unless rc is 0. */
static inline void ours_check(int rc)
{
    if (rc) {
        fprintf(stderr, "%s\n", filch_error());
        exit(1);
    }
}

static inline filch_pool_stats ours_stats(const filch_pool *pool)
{
    filch_pool_stats stats;
    filch_pool_stats_read(pool, &stats, sizeof stats);
    return stats;
}

/* ours_jobs.c */
void ours_wake(const peer_order *order, peer_reply *reply);
void ours_jobs(const peer_order *order, peer_reply *reply);
/* ours_million.c */
void ours_million(const peer_order *order, peer_reply *reply);
/* ours_sync.c */
void ours_channel(const peer_order *order, peer_reply *reply);
void ours_mutex(const peer_order *order, peer_reply *reply);
void ours_timers_start(const peer_order *order, peer_reply *reply);
void ours_timers_stop(const peer_order *order, peer_reply *reply);
void ours_timers_pairs(const peer_order *order, peer_reply *reply);
/* ours_loops.c */
void ours_reduce(const peer_order *order, peer_reply *reply);
void ours_for(const peer_order *order, peer_reply *reply);
void ours_spawn(const peer_order *order, peer_reply *reply);
void ours_fork(const peer_order *order, peer_reply *reply);

#endif
