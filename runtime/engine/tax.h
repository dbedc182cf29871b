/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The cost of parallel loops, compared with one worker: for `filch top` and traces. A call that takes
 * longer than on one worker pays a tax.
 *
 * A site is a loop's body together with the power of two below its number of iterations, as in
 * runtime/par/site.h. A runtime that is shared (runtime/engine/share.h) counts the calls of each
 * site in a row. A trace gets two events for each call. While nobody watches, a call costs the load
 * of a word that seldom changes, and a branch.
 *
 * The first FL_TAX_ROWS sites have rows of their own; the calls of all others are counted in the
 * last row. A row's key is set once. All accesses are relaxed: each word is a number of its own. A
 * reader may see a call whose times are not yet added.
 *
 * Any thread. */
#ifndef FL_TAX_H
#define FL_TAX_H

#include <filch/atomic.h>
#include <runtime/engine/worker.h>
#include <runtime/platform/steady.h>

#include <stdbool.h>
#include <stdint.h>

#ifdef FILCH_TINY
enum { FL_TAX_ROWS = 4 };
#else
enum { FL_TAX_ROWS = 64 };
#endif

typedef struct fl_tax_row {
    filch_u64 key; /* of the site; 0: none yet */
    filch_u64 calls;
    filch_u64 helped; /* calls of which another worker did a part */
    filch_u64 time;   /* ns: of all calls, */
    filch_u64 serial; /* and how long they would take on one worker */
    char apart[FILCH_APART - 5 * sizeof(filch_u64)];
} fl_tax_row;

/* All zero: empty. */
typedef struct fl_tax {
    fl_tax_row row[FL_TAX_ROWS + 1];
} fl_tax;

/* The power of two below a loop's iterations: with its body, its site. */
static inline unsigned fl_site_magnitude(size_t n)
{
    return n ? 63 - (unsigned)__builtin_clzll(n) : 0;
}

/* A call that has ended. */
typedef struct fl_tax_call {
    const void *body;
    size_t n;              /* iterations */
    uint64_t time, serial; /* ns */
    bool helped;
} fl_tax_call;

/* Runtimes that are shared, and traces. */
extern filch_u32 fl_tax_watchers;

void fl_tax_watch(int by);

/* At a call's beginning: the time in ns; 0: nobody watches. */
static inline uint64_t fl_tax_begin(void)
{
    return FILCH_UNLIKELY(filch_u32_load(&fl_tax_watchers, FILCH_RELAXED)) /* a look */
               ? fl_steady_now(false)
               : 0;
}

/* At its end, by the worker that runs it now. */
void fl_tax_add(fl_worker *worker, const fl_tax_call *call);

/* The loop's body and its iterations, a power of two; NULL: the row of all others, or an empty one. */
const void *fl_tax_site(const fl_tax_row *row, uint64_t *iterations);

#endif
