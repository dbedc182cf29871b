/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The CPU of a guest. Workers may be pinned, one to a CPU; the calling thread is not. If the system has
 * put it on the CPU of a worker that works beside it, the two take turns there, while the CPU of the
 * worker that it borrowed idles. The system's balance comes late: each of the two sleeps or waits for
 * some microseconds at a time, so a region of 40 us took 120 us, for tens of milliseconds. So a guest
 * whose turn begins on such a CPU, or that comes to a fork's slow path there, moves to the CPU of its
 * worker: its affinity mask is narrowed for a moment. It stays where it is if its mask does not allow that CPU, if workers float, or if
 * no worker is pinned to its own. A move takes about 10 us, and is tried again after a millisecond
 * at the earliest.
 *
 * A guest and a worker that lends itself may take turns of a few microseconds, as sender and receiver
 * of a channel do. On two CPUs each turn costs two wake-ups of about 5 us, on one CPU two switches of
 * about 2 us. So each of the two spins for up to 20 us before it sleeps, if the last wait was that
 * short and the other thread has a CPU of its own. That is not the same CPU, and not one where another
 * worker parked last, since that worker would be woken there. */
#ifndef FL_GUEST_CPU_H
#define FL_GUEST_CPU_H

#include <runtime/engine/worker.h>

/* Of a guest. Written by the guest before it waits, then by the thread that gives it its turn. */
typedef struct fl_pace {
    uint64_t began;              /* ticks: its turn, or its wait */
    int cpu;                     /* when the wait began; -1: that of another worker */
    int givers_cpu;              /* of the thread that gave the last turn */
    bool short_wait, short_turn; /* the last ones */
} fl_pace;

/* By the guest: its turn has begun. */
void fl_pace_turn(fl_pace *pace);
/* By the guest: its turn has ended, which was the worker's. Returns how long it may spin before it
 * sleeps: ns. */
unsigned fl_pace_wait(fl_pace *pace, const fl_worker *worker);
/* By the thread that gives it a turn. Returns how long a lender may spin: ns. */
unsigned fl_pace_give(fl_pace *pace, const fl_worker *worker);

/* By the guest that works in the worker's place. */
void fl_guest_keep_apart(fl_worker *worker);

#endif
