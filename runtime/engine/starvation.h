/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Workers without a fiber. When max_fibers is reached, or memory has run out, a worker whose fiber
 * suspends finds no other fiber to run its loop on. It starves: it stays on its native stack,
 * starts no task, and waits until a fiber is put back or becomes ready. The idle protocol counts it
 * as running, so nothing relies on it to find tasks.
 *
 * The race: a starving worker looks everywhere, finds no fiber, and goes to sleep; between its look
 * and its sleep another worker puts a fiber back. So the starving worker first announces that it
 * starves, and a worker that puts a fiber back looks for that afterwards:
 *   BeginStarving: add to starving, seq_cst;        |  ReadStarving; one of the two sees the
 *      seq_cst fence; look for a fiber                 other
 *   ReadStarving, give: a fiber is put back (under  |  BeginStarving
 *      the lock of the fibers, which then orders
 *      the two) or made ready (PublisherFence);
 *      load starving, relaxed
 *   GiveRelief: add to relief, release; futex wake  -> ReadRelief, starve: load relief, acquire,
 *                                                      before each look; it sees the fiber, or
 *                                                      sleeps while relief is unchanged
 * A sleep also ends by itself, after a time that doubles up to a tenth of a second: memory that
 * others free wakes no worker. tests/model/starve.c has this protocol, without time.
 *
 * `asleep` counts those that sleep, for the detector of deadlocks (runtime/sync/deadlock.c). */
#ifndef FL_STARVATION_H
#define FL_STARVATION_H

#include <filch/atomic.h>

typedef struct fl_starve {
    filch_u32 starving; /* workers */
    filch_u32 asleep;   /* of these */
    filch_u32 relief;   /* the futex; grows when a fiber can be had */
} fl_starve;

void fl_starve_begin(fl_starve *starve);
void fl_starve_end(fl_starve *starve);
/* Before each look for a fiber; the result is for the sleep that follows an unsuccessful one. */
static inline uint32_t fl_starve_look(fl_starve *starve)
{
    return filch_u32_load(&starve->relief, FILCH_ACQUIRE); /* ReadRelief */
}
/* Until there is relief, or it is `until` (monotonic clock, ns; 0: forever). */
void fl_starve_sleep(fl_starve *starve, uint32_t seen, int64_t until);

void fl_relieve_slow(fl_starve *starve);
/* A fiber was put back, or made ready: for a worker that starves. */
static inline void fl_relieve(fl_starve *starve)
{
    if (FILCH_UNLIKELY(filch_u32_load(&starve->starving, FILCH_RELAXED))) /* ReadStarving */
        fl_relieve_slow(starve);
}

#endif
