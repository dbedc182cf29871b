/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The publisher of a shared runtime (FILCH_SHARE=1): a thread that copies the workers' counters,
 * states and depths into the statistics page (runtime/share/page.h) ten times a second.
 *
 * Why a copy. The counters could lie in the page themselves, but task names, depths and pools
 * cannot: they are pointers into the process, which only the process can follow. With a copier,
 * workers do nothing for it, but that a thread notes its number when it starts. Why a thread of
 * its own: the timer thread serves deadlines and must not walk over fibers, and a timer that is
 * always pending would keep the detector of deadlocks from seeing rest.
 *
 * It reads as any other thread: counters and times as filch_runtime_stats_read does, fork stacks in
 * a read-side section, as thieves do (ReadCurrent of runtime/engine/suspend.c), names of running
 * tasks as a debugger does (runtime/share/peek.h). Waiting fibers are counted under the fibers'
 * lock, once a second, and only up to FL_SHARE_FIBERS fibers: workers take that lock when they need
 * a fiber.
 *
 * Pools stand above the engine: each enters itself into a list, under the publisher's lock, and
 * leaves it before it goes away.
 *
 * fork(): the child has neither thread nor page. */
#ifndef FL_PAGE_WRITER_H
#define FL_PAGE_WRITER_H

#include <filch/stats.h>
#include <runtime/engine/observe/page_requests.h>
#include <runtime/engine/observe/work_span.h>
#include <runtime/engine/runtime.h>
#include <runtime/share/page.h>

#include <pthread.h>
#include <stdbool.h>

enum {
    FL_SHARE_INTERVAL = 100000000 /* ns */,
    FL_SHARE_FIBERS = 16384,
    FL_SHARE_STATS = 512 /* bytes, the most of a pool */
};

/* The numbers shown of a pool: rows of the struct that fl_share_pool.read fills in. The layer above
 * defines them (runtime/pool/statistics.c). They are constant, since a page is laid out before there
 * is a pool. */
typedef struct fl_share_numbers {
    const filch_runtime_stat *rows;
    uint32_t count;
} fl_share_numbers;

extern const fl_share_numbers fl_share_pool_numbers;

/* A pool's membership. Zero bytes: it is in no list. */
typedef struct fl_share_pool {
    struct fl_share_pool *next;
    const char *name;
    void (*read)(const void *pool, void *stats, size_t size); /* does not wait */
    const void *pool;
    uint64_t id; /* from 1 up; 0: in no list */
} fl_share_pool;

/* Before its workers start: makes the page and the thread, if its settings say so. Negative errno
 * through fl_fail. */
int fl_share_start(fl_runtime *rt);
/* May requests change it? At first none may. From the end of its creation to the beginning of its
 * destruction they may. */
void fl_share_allow(fl_runtime *rt, bool may_change);
/* When its workers have ended. */
void fl_share_stop(fl_runtime *rt);

/* Enters a pool, whose other members are set, if the runtime is shared. Any thread. */
void fl_share_enter(fl_runtime *rt, fl_share_pool *pool);
/* Takes it out, if it is in. Nobody reads it any more. Any thread. */
void fl_share_leave(fl_runtime *rt, fl_share_pool *pool);

/* ---- The page ---- */

/* The contents of a runtime's statistics page: its tables, and one publication. */

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
