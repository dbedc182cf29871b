/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * How long a worker that finds nothing goes on searching before it sleeps. Regions of some ten
 * microseconds follow each other with gaps: a worker that sleeps through a gap is woken for the next
 * region, and half of that is over when it comes.
 *
 * A gap lasts from the moment a worker has nothing to do until there is something. The price of
 * searching is its time. The price of sleeping is the time of a wake-up, which is measured. With
 * the gap known beforehand one would pay the lesser of the two. This is ski rental (Karlin, Manasse, Rudolph,
 * Sleator: Competitive snoopy caching, Algorithmica 3, 1988): a worker that searches for as long as a
 * wake-up takes, and then sleeps, pays at most twice that.
 *
 * After FL_WARM_LONG gaps in a row that were longer than a wake-up, the next one most likely is, too,
 * and it is better to sleep at once. That may be wrong, so it has to be earned: `credit` is twice the
 * lesser price, less the price that was paid, summed over all gaps.
 *   gap g, wake-up w          lesser price   paid    credit
 *   found while searching     g              g       + g
 *   searches w, then sleeps   w              2 w     unchanged
 *   sleeps at once, g < w     g              w       + 2 g - w, at worst - w
 *   sleeps at once, g >= w    w              w       + w
 * A worker sleeps at once only with a credit of w or more, so the credit never falls below 0. All
 * gaps together cost at most twice the lesser prices, and one wake-up more, the credit that a worker
 * begins with. (w changes with time; each gap is priced with the w that it began with.) The credit is
 * bounded, so that a worker does not trust in long gaps for long.
 *
 * One per worker, used by it alone. Decisions only; the engine has the clock (runtime/engine/between_regions.h).
 * Rejected: searching until the next region comes. ForkUnion and citor do; their price has no bound. */
#ifndef FL_WARM_H
#define FL_WARM_H

#include <stdint.h>

enum {
    FL_WARM_LEAST = 20000, /* ns: bounds of the time that a wake-up is taken to last; */
    FL_WARM_MOST = 200000, /* a thread that waits for a busy CPU is not waking up */
    FL_WARM_CREDIT = 4,    /* wake-ups: the most credit */
    FL_WARM_LONG = 3,      /* gaps in a row, after which the next one is expected to be long */
    FL_WARM_WEIGHT = 8     /* a new wake-up is this part of the average */
};

typedef struct fl_warm {
    int64_t wake;       /* ns: a wake-up, on average */
    int64_t credit;     /* ns */
    unsigned long_gaps; /* the last gaps that were longer than a wake-up, up to FL_WARM_LONG */
} fl_warm;

static inline fl_warm fl_warm_begin(void)
{
    return (fl_warm){.wake = FL_WARM_LEAST, .credit = FL_WARM_LEAST};
}
/* How long to search in the gap that begins: ns; 0: to sleep at once. */
static inline int64_t fl_warm_time(const fl_warm *warm)
{
    return warm->long_gaps == FL_WARM_LONG && warm->credit >= warm->wake ? 0 : warm->wake;
}
/* A gap is over; the worker found something while it searched, or slept after so many ns. */
void fl_warm_found(fl_warm *warm, int64_t gap);
void fl_warm_slept(fl_warm *warm, int64_t gap, int64_t searched);
/* A wake-up took so many ns. */
void fl_warm_woken(fl_warm *warm, int64_t took);

#endif
