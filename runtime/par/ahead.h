/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Passes in order that are shared nevertheless: for algorithms in which what happens to an item
 * depends on what all items before it come to (scans, filters). The caller goes through the range
 * in order, as the plain loop does; helpers work ahead of it: they sum up blocks whose beginning
 * is not known yet. When it comes to such blocks, all they lack is known from their sums; they are
 * left to the helpers to finish, and the caller goes on behind them (Roch, Traore, Bernard: On-line
 * adaptive parallel prefix computation, Euro-Par 2006).
 *
 * The range is cut into sections, a section into blocks. The caller takes blocks of a section from
 * its front, helpers first finish those that the last section left, then take blocks from the back
 * to sum them up, until they meet. So both are done at the same time, whatever a sum costs beside
 * a pass, and however many helpers there are; without any, the caller does it all in one pass.
 * Where sums cost as much as passes, w workers take 2 / (w + 1) of one worker's time, and nothing
 * takes less (Nicolau, Wang: Optimal schedules for parallel prefix computation with bounded
 * resources, PPoPP 1991). Sections are small enough to be in a cache still when their blocks are
 * finished: memory is read once.
 *
 * Threads: fl_pass_run by a task. Nobody waits but in joins; they order what blocks hold.
 * Suspends: in joins; what follows may run on another worker. */
#ifndef FL_AHEAD_H
#define FL_AHEAD_H

#include <filch/fork.h>
#include <stdbool.h>

typedef struct fl_block {
    size_t begin, end; /* its items */
    size_t sum;        /* the index of a place for its sum, below make's sums */
    size_t room;       /* of places for as many items as it has, below make's items */
} fl_block;

/* All functions get fl_pass_run's context. A code that is not 0 stops the pass; what is stopped is
 * neither settled nor finished. */
typedef struct fl_pass {
    size_t size;  /* bytes of an item */
    size_t least; /* items for which it pays to make a sum */
    /* Memory for sums and items, before anybody works ahead. false: there is none, nobody will. The
     * caller frees it after fl_pass_run. */
    bool (*make)(size_t sums, size_t items, void *context);
    /* Passes what follows what was passed and settled so far. One call at a time. */
    int (*front)(filch_self self, size_t begin, size_t end, void *context);
    /* Sums up a block from nothing. Many at a time, also beside `front` and `finish`. */
    int (*ahead)(filch_self self, const fl_block *block, void *context);
    /* Adds a block's sum to what was passed so far, and leaves what was before it in its place.
     * One call at a time, with nothing beside it; block by block in the order of the range. */
    void (*settle)(const fl_block *block, void *context);
    /* Passes a settled block. Many at a time, also beside `front` and `ahead`. */
    void (*finish)(const fl_block *block, void *context);
} fl_pass;

/* Passes [0, n); returns the first code, or 0. */
int fl_pass_run(filch_self self, const fl_pass *pass, size_t n, void *context);

#endif
