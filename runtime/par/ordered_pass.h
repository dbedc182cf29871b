/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Ordered passes, shared by several workers: for algorithms in which each item depends on a result
 * of all items before it (scans, filters). The caller goes through the range in order, as a plain
 * loop does. Helpers work ahead of it: they sum up blocks whose starting value is not known yet.
 * When the caller reaches such blocks, their sums give all starting values. It leaves the blocks to
 * the helpers to finish, and goes on behind them (Roch, Traore, Bernard: On-line adaptive parallel
 * prefix computation, Euro-Par 2006).
 *
 * The range is cut into sections, a section into blocks. The caller takes blocks of a section from
 * its front. Helpers first finish those that the last section left, then take blocks from the back
 * to sum them up, until they meet the caller. So both are done at the same time, at any ratio of
 * costs of sum and pass, and with any number of helpers; without helpers, the caller does all in
 * one pass. Where sums cost as much as passes, w workers take 2 / (w + 1) of one worker's time, and
 * nothing takes less (Nicolau, Wang: Optimal schedules for parallel prefix computation with bounded
 * resources, PPoPP 1991). Sections are small enough to be still in a cache when their blocks are
 * finished: memory is read once.
 *
 * Threads: fl_pass_run by a task. All waiting is in joins; they order the contents of blocks.
 * Suspends: in joins; afterwards the task may run on another worker. */
#ifndef FL_ORDERED_PASS_H
#define FL_ORDERED_PASS_H

#include <filch/fork.h>

#include <stdbool.h>

typedef struct fl_block {
    size_t begin, end; /* its items */
    size_t sum;        /* the index of a place for its sum, below make's sums */
    size_t room;       /* of places for as many items as it has, below make's items */
} fl_block;

/* All functions get fl_pass_run's context. A code that is not 0 stops the pass, which then neither
 * settles nor finishes any more blocks. */
typedef struct fl_pass {
    size_t size;  /* bytes of an item */
    size_t least; /* items for which it pays to make a sum */
    /* Memory for sums and items, before any helper works ahead. false: there is none, and nobody
     * will help. The caller frees it after fl_pass_run. */
    bool (*make)(size_t sums, size_t items, void *context);
    /* Passes the items behind those passed and settled so far. One call at a time. */
    int (*front)(filch_self self, size_t begin, size_t end, void *context);
    /* Sums up a block from nothing. Many at a time, also beside `front` and `finish`. */
    int (*ahead)(filch_self self, const fl_block *block, void *context);
    /* Adds a block's sum to the sum of all passed so far, and leaves the sum before the block in
     * its place. One call at a time, with nothing beside it; block by block in the order of the
     * range. */
    void (*settle)(const fl_block *block, void *context);
    /* Passes a settled block. Many at a time, also beside `front` and `ahead`. */
    void (*finish)(const fl_block *block, void *context);
} fl_pass;

/* Passes [0, n); returns the first code, or 0. */
int fl_pass_run(filch_self self, const fl_pass *pass, size_t n, void *context);

#endif
