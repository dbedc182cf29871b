/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The contents of a runtime's statistics page: its tables, and one publication. */
#ifndef FL_SHARE_PAGE_H
#define FL_SHARE_PAGE_H

#include <runtime/engine/runtime.h>
#include <runtime/engine/share.h>
#include <runtime/engine/share_control.h>
#include <runtime/engine/tax.h>
#include <runtime/share/page.h>

#include <pthread.h>

enum {
    FL_SHARE_THIEVES = 64,    /* a runtime that may have more workers has no table of steals */
    FL_SHARE_POOLS = 32,      /* the first that are there */
    FL_SHARE_CALLS = 48,      /* in which tasks wait */
    FL_SHARE_WAITS_EVERY = 10 /* publications */
};

typedef struct fl_share {
    fl_runtime *rt;
    fl_page page;
    pthread_t thread;
    filch_u32 ending;
    int control; /* the socket of requests; -1: none */
    char address[FL_SHARE_ADDRESS];
    filch_u32 lock;  /* of the list of pools, and of serving requests */
    bool may_change; /* requests are served, not refused */
    fl_share_pool *pools;
    uint64_t pool_ids;
    uint64_t round;
    uint64_t row_of[FL_SHARE_POOLS]; /* the id of the pool that has this row; 0: none */
    struct {
        const char *call; /* a literal */
        uint64_t tasks;
    } waits[FL_SHARE_CALLS]; /* the first ones; a call keeps its place */
    fl_tax tax;
    bool has_site[FL_TAX_ROWS + 1]; /* the page has its name */
} fl_share;

/* Makes the page. Negative errno through fl_fail. */
int fl_share_lay_out(fl_share *share, uint32_t number);
/* The publisher only. */
void fl_share_publish(fl_share *share);

#endif
