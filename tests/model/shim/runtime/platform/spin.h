/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Spins for the model checker: one pause, after which others have gone on, if they can. */
#ifndef FL_SPIN_H
#define FL_SPIN_H

#include <filch/atomic.h>

#include <runtime/platform/spin.h>

#include <sched.h>
#include <stdbool.h>

static inline void fl_pause(void)
{
    filch_pause();
}

static inline void fl_yield(void)
{
    sched_yield();
}

typedef struct fl_spin {
    bool most;
} fl_spin;

static inline fl_spin fl_spin_begin(unsigned ns)
{
    return (fl_spin){.most = ns};
}

static inline bool fl_spin_on(fl_spin *spin)
{
    bool on = spin->most;
    spin->most = false;
    if (on)
        filch_pause();
    return on;
}

static inline void fl_spin_for(unsigned ns)
{
    if (ns)
        filch_pause();
}

typedef fl_spin fl_backoff;

static inline fl_backoff fl_backoff_begin(unsigned first, unsigned most)
{
    (void)first;
    return fl_spin_begin(most);
}

static inline bool fl_back_off(fl_backoff *backoff)
{
    return fl_spin_on(backoff);
}

#endif
