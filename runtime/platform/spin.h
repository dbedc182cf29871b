/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Short spins, bounded in time. A pause takes 10 ns on one processor and 70 ns on another, so a
 * number of pauses says nothing about how long a spin lasts: the clock does. Reading it costs about
 * as much as a short pause, and a thread that the system stopped in the middle of a spin ends it
 * when it runs again. Times are right to a factor of two (runtime/platform/clock.h).
 *
 * A spin looks, then asks whether to look again:
 *
 *   fl_spin spin = fl_spin_begin(2000);
 *   do
 *       if (is_there())
 *           return true;
 *   while (fl_spin_on(&spin));
 *
 * A back-off is a spin whose pauses double. It is for words that others change all the time. Each
 * look takes their cache line away; a thread that pauses longer lets them do many operations for
 * the price of one such miss.
 *
 * Any thread; nothing here orders anything. In models a spin looks twice. */
#ifndef FL_SPIN_H
#define FL_SPIN_H

#include <filch/atomic.h>
#include <runtime/platform/clock.h>
#include <runtime/platform/virtual/virtual.h>

#include <sched.h>
#include <stdbool.h>

/* One pause. Under FILCH_VIRTUAL another thread goes on. */
static inline void fl_pause(void)
{
    if (fl_virtual())
        fl_virtual_yield();
    else
        filch_pause();
}

/* Lets another thread have the processor. */
static inline void fl_yield(void)
{
    if (fl_virtual())
        fl_virtual_yield();
    else
        sched_yield();
}

typedef struct fl_spin {
    uint64_t began, most; /* ticks */
} fl_spin;

static inline uint64_t fl_spin_ticks(unsigned ns)
{
    return ns * FL_TICKS_PER_US / 1000;
}

/* ns: how long it lasts at most; 0: one look. */
static inline fl_spin fl_spin_begin(unsigned ns)
{
    return (fl_spin){.began = ns ? fl_ticks() : 0, .most = fl_spin_ticks(ns)};
}

/* Pauses once. false, at once: the time is over. */
static inline bool fl_spin_on(fl_spin *spin)
{
    if (!spin->most || fl_ticks() - spin->began >= spin->most)
        return false;
    fl_pause();
    return true;
}

/* Pauses for that time. */
static inline void fl_spin_for(unsigned ns)
{
    for (fl_spin spin = fl_spin_begin(ns); fl_spin_on(&spin);)
        ;
}

typedef struct fl_backoff {
    fl_spin spin;
    uint64_t next; /* ticks */
} fl_backoff;

/* first: ns of the first pause; most: no pause begins after so many. */
static inline fl_backoff fl_backoff_begin(unsigned first, unsigned most)
{
    return (fl_backoff){.spin = fl_spin_begin(most), .next = fl_spin_ticks(first)};
}

/* Pauses for a while. false, at once: the time is over. */
static inline bool fl_back_off(fl_backoff *backoff)
{
    if (!fl_spin_on(&backoff->spin))
        return false;
    for (fl_spin pause = {fl_ticks(), backoff->next}; fl_spin_on(&pause);)
        ;
    backoff->next *= 2;
    return true;
}

#endif
