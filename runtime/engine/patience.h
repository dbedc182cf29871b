/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Patience: how long a thief leaves a worker's only ready item alone before it takes it.
 *
 * A worker that readies a fiber usually blocks soon, and then runs that fiber itself: at once if
 * the two talk by turns, after some microseconds if the first one fills a channel's ring before. If
 * a thief takes the fiber meanwhile, the two run on two workers and wait for each other's cache
 * lines, for the channel's lock, or for a wake-up. So a thief takes an only item only if it stays
 * there:
 *
 *   a work item                                                      0.5 us
 *   a fiber                                                            8 us
 *   a fiber, by a thief that has just been woken                       2 us
 *   a fiber, by a worker that recently lost time to channel locks     32 us
 *   anything, by a due find (runtime/engine/find_work.h)                  0.5 us
 *
 * Woken: a wake-up takes tens of microseconds, so the fiber that caused it became ready long
 * before. Two microseconds tell it from one that has just taken its place while the pair goes on.
 *
 * Lost time: two fibers that fight for a channel show that taking one of them was a mistake. The
 * evidence is time: within a window the worker's fibers have waited for locks of channels for so
 * long that this was a good part of it. A pair that computes between two operations never does,
 * however long it runs, and is split after 8 us as before. A single wait counts at most LONGEST,
 * since the holder may have been preempted. The verdict expires: then one theft tries again.
 *
 * Times are ticks of one worker (runtime/platform/clock.h), rough by a factor of two. Only the
 * worker itself calls what is below; nothing here orders anything. */
#ifndef FL_PATIENCE_H
#define FL_PATIENCE_H

#include <runtime/platform/clock.h>

#include <stdbool.h>
#include <stdint.h>

/* Looks at an only item, FL_BETWEEN_LOOKS apart, before it is taken */
enum {
    FL_LOOKS_AT_JOB = 1,
#ifdef FILCH_TINY
    FL_LOOKS_WOKEN = 1,
    FL_LOOKS_AT_FIBER = 2,
    FL_LOOKS_CONTENDED = 2,
    FL_BETWEEN_LOOKS = 0
#else
    FL_LOOKS_WOKEN = 4,
    FL_LOOKS_AT_FIBER = 16,
    FL_LOOKS_CONTENDED = 64,
    FL_BETWEEN_LOOKS = 500 /* ns */
#endif
};

/* Microseconds */
enum {
    FL_CONTENTION_WINDOW = 40,
    FL_CONTENTION_LONGEST = 4, /* that one wait counts */
    FL_CONTENTION_LOST = 8,    /* in a window: the worker's fibers are fighting for channels, */
    FL_CONTENTION_LASTS = 2000 /* and this is believed for so long */
};

typedef struct fl_patience {
    uint64_t began, lost; /* ticks: the window, and what was lost in it */
    uint64_t judged;      /* ticks: when too much was lost; 0: never */
} fl_patience;

/* A fiber of this worker waited for the lock of a channel from `from` to `to`. */
static inline void fl_patience_lost(fl_patience *patience, uint64_t from, uint64_t to)
{
    uint64_t lost = to - from, longest = FL_CONTENTION_LONGEST * FL_TICKS_PER_US;
    if (from - patience->began >= FL_CONTENTION_WINDOW * FL_TICKS_PER_US) {
        patience->began = from;
        patience->lost = 0;
    }
    patience->lost += lost < longest ? lost : longest;
    if (patience->lost >= FL_CONTENTION_LOST * FL_TICKS_PER_US)
        patience->judged = to;
}

static inline bool fl_patience_contended(const fl_patience *patience, uint64_t now)
{
    return patience->judged && now - patience->judged < FL_CONTENTION_LASTS * FL_TICKS_PER_US;
}

/* How many looks at an only fiber; woken: by a token, and nothing found since. */
static inline unsigned fl_patience_looks(const fl_patience *patience, bool woken, uint64_t now)
{
    if (fl_patience_contended(patience, now))
        return FL_LOOKS_CONTENDED;
    return woken ? FL_LOOKS_WOKEN : FL_LOOKS_AT_FIBER;
}

#endif
