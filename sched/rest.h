/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Rest: how a worker rests whose search found nothing, and what the last searcher owes the others.
 * Decisions only, from the word I of the idle protocol (sched/idle.h), whose steps they belong to;
 * fences, futexes and the clock are the engine's (runtime/engine/park.c, find_work.c). `filch sim` calls
 * the same (docs/lab/scale.md). */
#ifndef FL_REST_H
#define FL_REST_H

#include <sched/idle.h>

#include <stdbool.h>
#include <stdint.h>

enum {
    FL_VAIN_NAP_FIRST = 32000,     /* ns */
    FL_VAIN_NAP_LONGEST = 2000000, /* ns */
    FL_AWAKE_PAUSE = 500 /* ns, in idle mode spin: the shared words are looked at, not fought for */
};

enum fl_resting {
    FL_REST_WAIT, /* for a token; another worker searches */
    FL_REST_NAP,  /* after a look at ready items */
    FL_REST_LOOK  /* everywhere (LastScan), then wait for a token */
};

typedef struct fl_rest {
    enum fl_resting how;
    int64_t nap; /* ns */
    bool vain;   /* pushes need not wake */
} fl_rest;

/* After a wake-up that found nothing the last searcher only naps, longer each time, and pokes
 * nobody: an owner of tiny forks is left alone. */
static inline int64_t fl_rest_longer(int64_t nap)
{
    int64_t next = nap ? 2 * nap : FL_VAIN_NAP_FIRST;
    return next < FL_VAIN_NAP_LONGEST ? next : FL_VAIN_NAP_LONGEST;
}

/* was: I before AnnounceSleep. nap: that of the profit rule, 0: none. woken: by a token, and
 * nothing found since. vain_nap: the worker's, lengthened if it is taken. */
static inline fl_rest fl_rest_begin(uint64_t was, int64_t nap, bool woken, int64_t *vain_nap)
{
    if (fl_idle_searchers(was) > 1)
        return (fl_rest){FL_REST_WAIT, 0, false};
    if (nap || !woken)
        return (fl_rest){nap ? FL_REST_NAP : FL_REST_LOOK, nap, false};
    *vain_nap = fl_rest_longer(*vain_nap);
    return (fl_rest){FL_REST_NAP, *vain_nap, true};
}

/* EndSearch: do all others sleep, so that they hold nothing? workers: that can hold something. */
static inline bool fl_rest_alone(uint64_t was, unsigned workers)
{
    return fl_idle_sleepers(was) + 1 == workers;
}

/* LastScan: may a store of another worker still be on its way? workers: those of the runtime. If
 * all others rest, none can: their AnnounceSleep was a full fence. */
static inline bool fl_rest_fences(uint64_t was, unsigned workers)
{
    return fl_idle_resting(was) + 1 < workers;
}

#endif
