/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Which sleeping worker a thread outside the runtime wakes first.
 *
 * Any sleeper may take any token, so the choice affects only speed. Here is why it matters:
 *   1. Thread T submits a work item on CPU 0 and blocks. Workers A and B sleep; A parked on CPU 0,
 *      B on CPU 1.
 *   2. Waking B takes an inter-processor interrupt, and CPU 1 must leave its idle state: 5 to 30
 *      us, milliseconds where a hypervisor has taken CPU 1 away.
 *   3. Waking A takes a switch on CPU 0, which T is about to leave: 2 us.
 * So T wakes the worker that parked last on T's own CPU. The price: if T does not block but
 * computes, A and T share CPU 0 while CPU 1 idles. A thread is expected to behave after this
 * wake-up as after its last ones: if it has used FL_NEAR_COMPUTES ns of CPU time or more for each,
 * it wakes another worker. The first wake-up of a thread counts its whole life, so a thread that
 * has computed wakes another one.
 *
 * A thread that spins until its work item is done also uses CPU time, and uses more of it the later
 * the work item starts. It would wake the far worker again because the far worker starts late. So a
 * thread that computes wakes its own worker once after 1, 2, 4 ... 64 others: if it then computes
 * less, it stays with it. Reading a thread's CPU time is a system call (0.2 us), so a thread that
 * blocks is looked at every fourth time.
 *
 * A table has, by CPU, the worker that parked there last. A worker stores its entry before it parks
 * (before ParkSleeper of runtime/engine/park.c), a waker loads it: both relaxed, because it is a
 * hint. An entry may be old: its worker may be awake, retired or moved to another CPU. The waker
 * then continues with the next workers until it has seen all of them, as without the table. CPUs
 * share entries if there are more than FL_NEAR_ENTRIES. A pinned worker writes its entry once, so
 * parking costs a load.
 *
 * Rejected: waking both A and B. It has the shortest tail, but costs two wake-ups for each work
 * item, and a median that is 1.3 to 1.5 times as long. Rejected: a search for A among the workers.
 * On 64 of them it reads 64 cache lines that other cores wrote. */
#ifndef FL_CHOOSE_SLEEPER_H
#define FL_CHOOSE_SLEEPER_H

#include <filch/atomic.h>

#include <limits.h>
#include <stdbool.h>

enum { FL_NEAR_ENTRIES = 128, FL_NEAR_COMPUTES = 100000 /* ns */ };

/* The worker to try first when one is to be woken: its index, or one of these. */
typedef unsigned fl_wake_hint;
#define FL_WAKE_HERE (UINT_MAX - 1) /* the caller blocks next: the worker that parked on its CPU */
#define FL_WAKE_GUESS UINT_MAX      /* that one, or the next one, by what the caller did last */

/* By CPU modulo FL_NEAR_ENTRIES: CPU * FL_NEAR_CPU + index of the worker. All 0 at the
 * beginning. */
enum { FL_NEAR_CPU = 2048 };
typedef struct fl_near {
    filch_u32 parked[FL_NEAR_ENTRIES];
} fl_near;

/* The worker is about to park on the calling thread. */
void fl_near_park(fl_near *near, unsigned worker);
/* The index of the worker to begin with, which may be one too large. */
unsigned fl_near_first(fl_near *table, fl_wake_hint hint);
/* Was the last worker that parked on the CPU of the calling thread another one than this? */
bool fl_near_is_of_another(fl_near *table, unsigned worker);

#endif
